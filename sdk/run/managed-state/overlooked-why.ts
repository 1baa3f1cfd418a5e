import type { Oversight } from '../../managed-state/oversight.ts';
import type { SlimReport } from '../../managed-state/state-report.ts';

/** Changes that a slim build leaves out, and that no later comparison would find once its state is published. */
const LEFT_OUT: ReadonlySet<Oversight['kind']> = new Set([
  ...(['built-in-macro', 'untracked-macro', 'relation'] as const),
  ...(['variable', 'environment-variable', 'not-compared'] as const),
]);

/**
 * Why the state of a slim build would hide what it has left out; undefined where it would not: `strict` has built that. In short, for
 * the end of a sentence.
 */
export function overlookedWhy(slim: SlimReport | undefined): string | undefined {
  if (slim === undefined || slim.mode === 'strict') return undefined;
  if (slim.selection === undefined) return 'what it left out could not be told';
  const found = slim.selection.oversights.filter(({ kind }) => LEFT_OUT.has(kind));
  return found.length === 0 ? undefined : 'slim: strict builds it, and so does a build without slim';
}
