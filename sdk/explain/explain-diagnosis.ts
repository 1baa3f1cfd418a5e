import type { CheckStatus, Diagnosis, DiagnosisCheck } from '../diagnose/diagnosis.ts';
import type { Checklist } from './explanation.ts';
import { counted } from './format.ts';

const URGENT_FIRST: readonly CheckStatus[] = ['fail', 'warn', 'unknown', 'pass'];

/** The checklist in reading order. */
export function explainDiagnosis({ status, checks }: Diagnosis): Checklist {
  const rank = ({ status: one }: DiagnosisCheck): number => URGENT_FIRST.indexOf(one);
  return { status, tally: tallyOf(checks), checks: checks.toSorted((a, b) => rank(a) - rank(b)) };
}

function tallyOf(checks: readonly DiagnosisCheck[]): string {
  const many = (status: CheckStatus): number => checks.filter((check) => check.status === status).length;
  const parts = [
    [many('fail'), `${many('fail')} failed`],
    [many('warn'), counted(many('warn'), 'warning')],
    [many('unknown'), `${many('unknown')} not known`],
    [many('pass'), `${many('pass')} passed`],
  ] as const;
  return parts.flatMap(([count, words]) => (count === 0 ? [] : [words])).join(', ');
}
