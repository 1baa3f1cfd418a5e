import type { PublishedState } from '../managed-state/state-report.ts';
import { sentence } from './dedup-wording.ts';
import type { Phrase } from './explanation.ts';
import { clause } from './format.ts';
import { commitPhrase } from './managed-state-names.ts';
import { asCode, proseWords, words } from './phrase.ts';

type NotPublished = Extract<PublishedState, { kind: 'not-published' }>['because'];

/** `said`: a reader would wonder. `small-print`: it is as it should be. */
const NOT_PUBLISHED: Readonly<Record<NotPublished, readonly ['said' | 'small-print', string]>> = {
  failed: ['small-print', 'the run is no success'],
  overlooked: ['said', 'it left out what dbt does not see, and later runs would take that to be built'],
  'not-default-branch': ['small-print', 'nothing shows that it is a build of the default branch'],
  'unknown-branch': ['said', 'whether it is a build of the default branch cannot be told'],
  partial: ['small-print', 'only a part of the project was selected'],
  command: ['small-print', 'this command does not build a whole project'],
  'no-commit': ['said', 'there is no commit to keep it under'],
  'no-manifest': ['said', 'no manifest of this run could be read'],
  unavailable: ['said', 'the store did not take it'],
  'read-only': ['said', 'this run may only read the store'],
};

/** What became of this run's own state, and how loud to say so. */
export function publishedInWords(
  published: PublishedState,
  environment: string,
  runUrl: string | undefined,
): { readonly tone: 'said' | 'small-print'; readonly says: readonly Phrase[] } {
  const name = clause(environment);
  if (published.kind === 'not-published') {
    const [tone, because] = NOT_PUBLISHED[published.because];
    // Of a failed run it is a code, and no sentence.
    const isCode = published.because === 'failed' && published.why !== undefined;
    const why = sentence(isCode ? '' : (published.why ?? ''));
    return {
      tone,
      says: [
        words(`This run’s state was not published for ${name}: ${because}`),
        ...(isCode ? [words(' ('), asCode(published.why), words(').')] : [words('.')]),
        ...(why === '' ? [] : [words(' '), ...proseWords(why)]),
        ...(tone === 'said'
          ? [words(' Later runs compare themselves with an older state, or with none.')]
          : []),
      ],
    };
  }
  const older = published.isNewest
    ? ''
    : ' It is not the newest there: the state of a later commit is kept already.';
  const dirty =
    published.isDirty === true
      ? ' The checkout differed from the commit, and runs that compare themselves with it are told so.'
      : '';
  return {
    tone: 'said',
    says: [
      words(`This run’s state was published for ${name} at `),
      commitPhrase(published.commit, runUrl),
      words(`.${older}${dirty}`),
    ],
  };
}
