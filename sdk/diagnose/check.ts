import type { CheckCode, DiagnosisCheck } from './diagnosis.ts';
import type { Step } from './facts.ts';

export function pass(code: CheckCode, seen: string): DiagnosisCheck {
  return { code, status: 'pass', seen };
}

export function warn(code: CheckCode, seen: string, fix: string): DiagnosisCheck {
  return { code, status: 'warn', seen, fix };
}

export function fail(code: CheckCode, seen: string, fix: string): DiagnosisCheck {
  return { code, status: 'fail', seen, fix };
}

export function unknown(code: CheckCode, seen: string, fix: string): DiagnosisCheck {
  return { code, status: 'unknown', seen, fix };
}

/** A check that needs another to pass first. */
export function blocked(code: CheckCode, by: CheckCode): DiagnosisCheck {
  return unknown(code, `Not checked, since \`${by}\` did not pass.`, `Solve \`${by}\` first.`);
}

/** The check of a step: what was found is for `found` to judge. Nothing for a step that was not taken. */
export function ofStep<T>(
  code: CheckCode,
  step: Step<T> | undefined,
  found: (value: T) => DiagnosisCheck | readonly DiagnosisCheck[],
): readonly DiagnosisCheck[] {
  switch (step?.kind) {
    case undefined:
      return [];
    case 'found':
      return [found(step.value)].flat();
    case 'failed':
      return [fail(code, sentence(step.why), step.fix)];
    case 'blocked':
      return [blocked(code, step.by)];
    case 'left-out':
      return [unknown(code, sentence(step.why), step.fix)];
  }
}

/** With its full stop. */
export function sentence(words: string): string {
  const line = words.replace(/\s+/g, ' ').trim();
  return /[.!?]$/.test(line) ? line : `${line}.`;
}
