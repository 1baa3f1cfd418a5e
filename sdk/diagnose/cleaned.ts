import type { Diagnosis, DiagnosisCheck } from './diagnosis.ts';

/** The checklist with every text of it made fit to show. */
export function cleaned(diagnosis: Diagnosis, clean: (text: string) => string): Diagnosis {
  const check = ({ seen, fix, ...rest }: DiagnosisCheck): DiagnosisCheck => ({
    ...rest,
    seen: clean(seen),
    ...(fix !== undefined && { fix: clean(fix) }),
  });
  const { project } = diagnosis;
  return {
    ...diagnosis,
    checks: diagnosis.checks.map(check),
    // A folder may be named after anything.
    ...(project !== undefined && {
      project: { ...project, dir: clean(project.dir), targetPath: clean(project.targetPath) },
    }),
  };
}
