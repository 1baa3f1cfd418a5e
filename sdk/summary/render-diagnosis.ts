import type { CheckStatus, Diagnosis, DiagnosisCheck } from '../diagnose/diagnosis.ts';
import { explainDiagnosis } from '../explain/explain-diagnosis.ts';
import { cut, plainLine, quietCommands } from './plain-text.ts';
import type { TextOptions } from './render-text.ts';
import { type Paint, paints, wrapped } from './terminal.ts';

const SIGNS: Readonly<Record<CheckStatus, { readonly sign: string; readonly paint: keyof Paint }>> = {
  pass: { sign: '✔', paint: 'green' },
  warn: { sign: '!', paint: 'yellow' },
  fail: { sign: '✘', paint: 'red' },
  unknown: { sign: '?', paint: 'dim' },
};

const OUTCOMES: Readonly<Record<Diagnosis['status'], string>> = {
  pass: 'Nothing is wrong',
  warn: 'Nothing failed; look at the warnings',
  fail: 'Something has to be mended',
};

/**
 * The checklist for a terminal, in the order in which one check builds on the next: a line for each with its sign,
 * what was seen, and below it what mends it. Ends with a line break.
 */
export function renderDiagnosis(diagnosis: Diagnosis, options: TextOptions = {}): string {
  const paint = paints(options.color ?? false);
  const width = Math.max(40, options.width ?? 100);
  const codes = Math.max(0, ...diagnosis.checks.map(({ code }) => code.length));
  const { tally } = explainDiagnosis(diagnosis);
  return [
    ...diagnosis.checks.flatMap((check) => checkLines(check, codes, paint, width)),
    '',
    ...wrapped(`${paint.bold(`${OUTCOMES[diagnosis.status]}:`)} ${tally}.`, width),
    '',
  ]
    .map(quietCommands)
    .join('\n');
}

/** The lines of one check: what was seen stands beside its code, and what to do below. */
export function checkLines(check: DiagnosisCheck, codeWidth: number, paint: Paint, width: number): string[] {
  const { sign, paint: color } = SIGNS[check.status];
  const indent = ' '.repeat(codeWidth + 4);
  const [first = '', ...more] = wrapped(plainLine(cut(check.seen, 1000)), width, indent);
  const head = `${paint[color](sign)} ${paint.bold(check.code.padEnd(codeWidth))}  ${first.trimStart()}`;
  const fix = check.fix === undefined ? [] : wrapped(`→ ${plainLine(cut(check.fix, 1000))}`, width, indent);
  return [head, ...more, ...fix];
}
