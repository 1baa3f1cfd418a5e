import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { DbtRunCacheError } from '../../../sdk/errors.ts';

/** A folder with these files, gone after the test. `.git` is a folder in it. */
export function makeFolder(files: Readonly<Record<string, string | Buffer>> = {}): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'config-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, '.git'));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}

/** The error of a call that must fail. */
export async function failure(call: Promise<unknown>): Promise<DbtRunCacheError> {
  const thrown = await call.then(
    () => new Error('accepted'),
    (error: unknown) => error,
  );
  if (thrown instanceof DbtRunCacheError) return thrown;
  throw thrown;
}
