import type { MissingState, PassedOver } from '../../managed-state/state-report.ts';
import { withoutSecretValues } from '../../plan/secret-values.ts';
import type { RunNotice } from '../../result.ts';
import { shellQuoted } from '../../util/shell-quoted.ts';
import type { Comparison } from './comparison.ts';

const BASIS = {
  'merge-base': 'the commit this one starts from',
  ancestor: 'the nearest older commit that has one',
  newest: 'the newest there is',
} as const;

/** What the log says before dbt starts: the state, and the command as dbt gets it. */
export function inWords({ report, dbtArgs }: Comparison): readonly string[] {
  if (report.kind === 'missing') return [];
  const { commit, basis, commitsAway, publishedAt, dbtVersion } = report;
  const away =
    commitsAway === undefined ? '' : `, ${commitsAway} ${commitsAway === 1 ? 'commit' : 'commits'} away`;
  const which = commitsAway === 0 ? 'this very commit' : `${BASIS[basis]}${away}`;
  return [
    `Comparing with the state of commit ${commit.slice(0, 7)} (${which}), published ${publishedAt} by dbt ${dbtVersion}`,
    `dbt ${dbtArgs.map((arg) => shellQuoted(withoutSecretValues(arg))).join(' ')}`,
  ];
}

const BECAUSE: Readonly<Record<MissingState['because'], string>> = {
  'none-kept': 'no run has left one',
  'none-fits': 'none that is kept fits',
  unavailable: 'the store gave no answer',
  'no-commit': 'the project is in no git checkout',
};

const HINTS: Readonly<Record<MissingState['because'], string>> = {
  'none-kept':
    'Have a build of the whole project on the default branch leave one, with publish-state: auto (outside of a CI job: always) and the same store and state-environment.',
  'none-fits': 'Publish one with the dbt that this run has, and raise max-state-age where it is too short.',
  unavailable: 'Check that this run can reach the store, and is allowed to read it.',
  'no-commit': 'Run it in a git checkout: states are kept by commit.',
};

/** A run without a state, as a sentence with a way out. */
export function noticeOfMissing(
  { because, why, passedOver }: MissingState,
  environment: string,
): RunNotice & { readonly hint: string } {
  const detail = why ?? passedOverInWords(passedOver);
  return {
    kind: 'problem',
    name: 'state-missing',
    message: `There is no state of ${environment} to compare with: ${BECAUSE[because]}${detail === '' ? '' : ` (${detail})`}`,
    hint:
      because === 'none-fits' && why !== undefined
        ? 'A build of the whole project without slim, with publish-state, leaves one that fits.'
        : HINTS[because],
    count: 1,
  };
}

function passedOverInWords(passedOver: readonly PassedOver[]): string {
  return passedOver
    .slice(0, 3)
    .map(
      ({ commit, because, detail }) =>
        `${commit.slice(0, 7)}: ${because === 'stale' ? 'too old, ' : ''}${detail}`,
    )
    .join('; ');
}
