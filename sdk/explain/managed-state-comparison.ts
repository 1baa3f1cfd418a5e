import type { FoundState, MissingState, PassedOver } from '../managed-state/state-report.ts';
import type { RunReport } from '../result.ts';
import { sentence } from './dedup-wording.ts';
import type { Phrase } from './explanation.ts';
import { clause, counted, instant } from './format.ts';
import { age, commitPhrase } from './managed-state-names.ts';
import { asCode, proseWords, webAddress, words } from './phrase.ts';

/** What tells the state's commit from others. */
const BASES: Readonly<Record<FoundState['basis'], (environment: string, doubt: boolean) => string>> = {
  'merge-base': () => 'the commit this branch starts from',
  ancestor: () => 'the nearest older commit with a state',
  newest: (environment, doubt) =>
    `the newest state of ${environment}, since ${doubt ? 'it is not known which commits this one descends from' : 'there is none of an older commit of this branch'}`,
};

/** What this was compared with: which commit, how far away, and who left its state. */
export function foundInWords(found: FoundState, environment: string): readonly Phrase[] {
  const { commit, url, commitsAway, basis, dbtVersion, adapterType } = found;
  const run = webAddress(url);
  const edits = found.isCheckoutDirty === true ? ', with edits here that are not committed' : '';
  const adapter = adapterType === undefined ? '' : ` (${clause(adapterType)})`;
  return [
    words(`Compared with the state of ${clause(environment)} at `),
    commitPhrase(commit, url),
    words(
      `, ${commitsAway === 0 ? `this very commit${edits}` : BASES[basis](clause(environment), found.doubt !== undefined)}`,
    ),
    words(
      commitsAway === undefined || commitsAway === 0
        ? '. '
        : ` (${counted(commitsAway, 'commit')} back${edits}). `,
    ),
    run === undefined ? words('A run') : { text: 'A run', url: run },
    words(
      ` with dbt ${clause(dbtVersion)}${adapter} left it ${age(found.ageMs)} ago, at ${instant(clause(found.publishedAt))}.`,
    ),
  ];
}

/** What a reader should know before trusting the comparison. */
export function foundCautions({ basis, doubt, isDirty }: FoundState): readonly (readonly Phrase[])[] {
  return [
    ...(basis === 'newest'
      ? [
          [
            words(
              'It need not be what this branch started from. What others have changed counts as a difference too, so more may be selected than was changed here.',
            ),
            ...(doubt === undefined ? [] : [words(' '), ...proseWords(sentence(doubt))]),
          ],
        ]
      : doubt === undefined
        ? []
        : [proseWords(sentence(doubt))]),
    ...(isDirty === true
      ? [
          [
            words(
              'The checkout that left this state differed from its commit, so it may hold what nobody can see in git.',
            ),
          ],
        ]
      : []),
  ];
}

const MISSING: Readonly<Record<MissingState['because'], (environment: string) => string>> = {
  'none-kept': (environment) => `none of ${environment} was ever published here, or it is forgotten`,
  'none-fits': (environment) => `no state of ${environment} that is kept fits this run`,
  unavailable: () => 'the store of states gave no answer',
  'no-commit': () => 'this project is not in a git checkout, and states are found by their commits',
};

/** Why there was nothing to compare with. */
export function missingInWords({ because, why }: MissingState, environment: string): readonly Phrase[] {
  const said = sentence(why ?? '');
  return [
    words(`There was no state to compare with: ${MISSING[because](clause(environment))}.`),
    ...(said === '' ? [] : [words(' '), ...proseWords(said)]),
  ];
}

const PUBLISH =
  'Let the workflow that builds the whole project on the default branch leave its state, with `publish-state: auto` (outside of a CI job: `always`) and the same store and state-environment as here.';

const WAYS_OUT: Readonly<Record<MissingState['because'], readonly string[]>> = {
  'none-kept': [PUBLISH],
  'none-fits': [],
  unavailable: ['Look at the store (`state-store`) and the rights of this run to read it, then run again.'],
  'no-commit': ['Run in a git checkout, with `fetch-depth: 0` for actions/checkout.'],
};

const VERSIONS =
  'Use the same dbt and adapter here and where the environment is built; the next state that is left there then fits.';
const REBUILD = 'Build the environment once more: that leaves a new state.';

const WAYS_OUT_OF: Readonly<Record<PassedOver['because'], string>> = {
  'other-engine': VERSIONS,
  'other-version': VERSIONS,
  'other-adapter': VERSIONS,
  'other-project':
    'Give each project a `state-environment` or a store of its own, and let the build of this one leave its state.',
  stale: 'Build the environment more often, or set a larger `max-state-age`.',
  corrupt: REBUILD,
  gone: REBUILD,
  unavailable: 'Look at the store (`state-store`), then run again.',
};

/** What to do so that the next run has a state. */
export function waysOut({ because, why, passedOver }: MissingState): readonly string[] {
  const ways = passedOver.map((one) => WAYS_OUT_OF[one.because]);
  const isShallow = /shallow/i.test(why ?? '') && !/fetch-depth/.test(why ?? '');
  const found = [
    ...(isShallow ? ['Fetch the whole history: `fetch-depth: 0` for actions/checkout.'] : []),
    ...WAYS_OUT[because],
    ...(because === 'none-fits' ? ways : []),
  ];
  return [...new Set(found.length === 0 ? [PUBLISH] : found)];
}

type Engine = RunReport['engine'];
type WhyPassed = (detail: string, engine: Engine) => string;

const ofOtherDbt: WhyPassed = (detail, engine) =>
  engine?.dbtVersion === undefined ? detail : `${detail}, this run has dbt ${clause(engine.dbtVersion)}`;

const PASSED_OVER: Readonly<Record<PassedOver['because'], WhyPassed>> = {
  'other-engine': ofOtherDbt,
  'other-version': ofOtherDbt,
  'other-adapter': (detail, engine) =>
    engine?.adapterType === undefined ? detail : `${detail}, this run has ${clause(engine.adapterType)}`,
  'other-project': (detail) => `of another project${inBrackets(detail)}`,
  stale: (detail) => `older than max-state-age allows${inBrackets(detail)}`,
  corrupt: (detail) => `its files are not what was stored${inBrackets(detail)}`,
  gone: (detail) => `the store has forgotten its files${inBrackets(detail)}`,
  unavailable: (detail) => `the store did not answer for its files${inBrackets(detail)}`,
};

/** States that were there and were not taken. */
export function passedOverInWords(
  passedOver: readonly PassedOver[],
  engine: Engine,
  runUrl: string | undefined,
): readonly (readonly Phrase[])[] {
  return passedOver.map(({ commit, because, detail }) => [
    words('state of '),
    commitPhrase(commit, runUrl),
    words(`: ${PASSED_OVER[because](clause(detail), engine)}`),
  ]);
}

function inBrackets(detail: string): string {
  return detail === '' ? '' : ` (${detail})`;
}

/** The last run of the environment, as a reader finds it. */
export function lastRunInWords({ lastRun }: FoundState, environment: string): readonly Phrase[] {
  const what = `the last run of ${clause(environment)}`;
  if (lastRun === undefined) return [words(what)];
  const url = webAddress(lastRun.url);
  return [
    url === undefined ? words(what) : { text: what, url },
    words(` (at ${instant(clause(lastRun.startedAt))}, `),
    commitPhrase(lastRun.commit, lastRun.url),
    words(')'),
  ];
}

/** For where only a name fits. */
export function stateInBrief({ commit, url }: FoundState, environment: string): readonly Phrase[] {
  return [words(`the state of ${clause(environment)} at `), asCode(commitPhrase(commit, url).text)];
}
