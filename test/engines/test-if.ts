import { test } from 'vitest';

/** `test`, or nothing at all: what is not for this engine is not a test that was skipped. */
export function testIf(
  applies: boolean,
): (name: string, run: () => Promise<void> | void, limitMs?: number) => void {
  return (name, run, limitMs) => {
    if (applies) test(name, run, limitMs);
  };
}
