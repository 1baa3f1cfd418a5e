import type { Diagnosis, DiagnosisCheck } from './diagnosis.ts';

/** The checklist with every text of it made fit to show. */
export function cleaned(diagnosis: Diagnosis, clean: (text: string) => string): Diagnosis {
  const check = ({ seen, fix, ...rest }: DiagnosisCheck): DiagnosisCheck => ({
    ...rest,
    seen: clean(seen),
    ...(fix !== undefined && { fix: clean(fix) }),
  });
  return { ...diagnosis, checks: diagnosis.checks.map(check) };
}
