import type { DecisionReason, NodeAction, SourceLocation, StateProblem } from '../decisions/decision.ts';
import type { DiagnosisCheck } from '../diagnose/diagnosis.ts';
import type { ErrorCode } from '../errors.ts';
import type { ManagedStateNotice } from './managed-state-explanation.ts';

export type * from './managed-state-explanation.ts';

/**
 * A run told for people: everything any door shows, already in words, grouped and in the order to read it.
 *
 * Plain data without markup. Names, messages and paths are as dbt gave them and may hold anything (markdown, HTML,
 * control characters): whoever shows them escapes them. Durations are milliseconds, counts are whole numbers.
 */
export interface Explanation {
  readonly headline: Headline;
  readonly totals: Totals;
  /** What the ledger did; absent for a run without one. */
  readonly dedup?: DedupNotice;
  /** What it compared itself with, and what that selected; absent for a run without managed state. */
  readonly managedState?: ManagedStateNotice;
  readonly state: StateNotice;
  readonly time: TimeAccount;
  /** What a person should open, most urgent first: why the run could not be done, then failures, then warnings. */
  readonly lookAt: readonly LookAt[];
  /** Every node of the run exactly once. Groups stand in reading order, empty ones are left out. */
  readonly groups: readonly NodeGroup[];
  /** What dbt or this package said that is not about the result of one node; problems of ours first. */
  readonly notices: readonly Notice[];
  /** The operator's checklist of dbt State; absent where nobody asked for State. */
  readonly checklist?: Checklist;
  /** The circumstances of the run, in reading order. */
  readonly facts: readonly Fact[];
  /** What was set for dbt State, and where. Often empty. */
  readonly settings: readonly SettingRow[];
  /** What to do next, most useful first. Often empty. */
  readonly advice: readonly Advice[];
  /** What is not known or only concluded, and how far the ledger sees: whole sentences. */
  readonly smallPrint: readonly string[];
}

/**
 * - `passed`: dbt did the run and no node failed, or an identical run's success is repeated. Warnings do not change that.
 * - `failed`: dbt did the run, and nodes failed; or an identical run's failure is repeated.
 * - `skipped`: nothing ran because an identical run is still running; there is no result, good or bad.
 * - `stopped`: cancelled, timed out or ended by a signal before it was done.
 * - `not-done`: dbt was never started, or ended without doing the run.
 */
export type Verdict = 'passed' | 'failed' | 'skipped' | 'stopped' | 'not-done';

export interface Headline {
  readonly verdict: Verdict;
  /** A few words, e.g. `dbt build passed`. */
  readonly title: string;
  /** One sentence with the counts, e.g. `3 built, 8 reused, 5 tests run, 17 tests reused in 12 s.` */
  readonly sentence: string;
  /** One of our error codes, when the run is not a success. */
  readonly code?: ErrorCode;
}

/** A piece of a sentence. Pieces follow each other as they are: the blanks between them are theirs. */
export interface Phrase {
  readonly text: string;
  /** A path or a name, as people would copy it. */
  readonly code?: true;
  /** Where it leads: http or https, nothing else. */
  readonly url?: string;
}

/**
 * What the ledger did for a run. For `replayed`, everything else in the explanation is the result of the earlier run,
 * but for what is about dbt State and time.
 */
export type DedupNotice =
  | {
      readonly kind: 'replayed';
      /** Which run this repeats out of the ledger, how long each took, and what that saved. */
      readonly lead: readonly Phrase[];
      /** What that run came to, which stands above its result, and the words before it. */
      readonly follows: { readonly title: string; readonly result: string };
      /** Sentences on what was brought back and what was not. */
      readonly files: readonly (readonly Phrase[])[];
      /** Every file that was brought back, relative to the target folder. */
      readonly restored: readonly string[];
    }
  | {
      readonly kind: 'skipped-in-flight';
      /** That nothing ran, which run is at it, and that nothing is proven. */
      readonly lead: readonly Phrase[];
    }
  | {
      readonly kind: 'executed';
      /** `caution`: the ledger did not do what it is there for. */
      readonly tone: 'quiet' | 'caution';
      /** E.g. `Why it ran`. */
      readonly title: string;
      /** Why it was executed all the same, the most similar run, and that the result was kept where it was. */
      readonly lead: readonly Phrase[];
      /** Inputs that are not known, where there is no key. */
      readonly unknown: readonly { readonly input: readonly Phrase[]; readonly why: string }[];
      /** What differs from the most similar run, at most 20; often empty. */
      readonly differences: readonly DifferenceLine[];
      /** How many differ in all. */
      readonly differenceCount: number;
      /** What should be known of the result's record; absent where all is well. */
      readonly caution?: string;
    };

/** One input that differs: what it is, and `changed`, `added`, `removed` or `not known`. */
export interface DifferenceLine {
  readonly what: readonly Phrase[];
  readonly how: string;
}

/** Results of tests. `total` may exceed the sum of the others: an unknown status is none of them. */
export interface TestCounts {
  readonly total: number;
  readonly passed: number;
  readonly warned: number;
  readonly failed: number;
}

export interface Totals {
  readonly nodes: number;
  /** Selected by dbt, where known; more than `nodes` when some could not be named. */
  readonly selected?: number;
  /** Every action, zero included. `reused` holds tests too; `tests` tells them apart. */
  readonly byAction: Readonly<Record<NodeAction, number>>;
  /** Tests that ran now and tests whose stored result was reused. Two different things: never add them up. */
  readonly tests: { readonly executed: TestCounts; readonly reused: TestCounts };
  /** Nodes that make the run fail. */
  readonly failures: number;
  /** Nodes that ended with a warning. */
  readonly warnings: number;
  /**
   * What the reader sees as the tally: one line for each kind of thing that happened, in reading order. Every node is
   * in one line; tests and sources that failed are in `failed` too, and their own line says how many those are.
   */
  readonly lines: readonly TallyLine[];
}

/** E.g. `Reused`, 8, `5 models, 3 seeds`. */
export interface TallyLine {
  readonly key: GroupKey | 'tests-run' | 'tests-reused';
  readonly icon: string;
  readonly label: string;
  readonly count: number;
  /** Of `count`, those that failed and so are counted in the line `failed` as well. */
  readonly failed?: number;
  /** What the count is made of, as words; empty where the label says it all. */
  readonly detail: string;
  /** Sum of dbt's execution times, where any was reported. */
  readonly executionMs?: number;
}

/** What there is to say about dbt State. */
export interface StateNotice {
  readonly kind: 'active' | 'inactive' | 'disabled' | 'absent' | 'not-applicable' | 'unknown';
  /**
   * `problem`: State was wanted and was not active, so this goes first. `caution`: active with troubles, or not
   * known. `fine`: active. `quiet`: nobody asked for it.
   */
  readonly tone: 'problem' | 'caution' | 'fine' | 'quiet';
  /** A few words, e.g. `dbt State was not active: no credentials`. */
  readonly title: string;
  /** What that means for this run, one or two sentences. */
  readonly sentence: string;
  readonly version?: string;
  /** How it is known that State was active. */
  readonly proof?: string;
  readonly troubles: readonly StateTroubleNotice[];
}

export interface StateTroubleNotice {
  readonly problem: StateProblem;
  readonly title: string;
  /** dbt's or the plugin's own words; absent where nobody said anything. */
  readonly said?: string;
  /** What to do, in the imperative. */
  readonly fix: string;
  /** Nodes concerned, when it is about nodes. */
  readonly nodes: readonly string[];
  /** dbt itself ended because of it, before it came to any node. */
  readonly endedRun?: true;
}

/** Node time and wall time, kept apart: nodes run side by side, so one does not follow from the other. */
export interface TimeAccount {
  /** How long the whole run took, dbt's start-up included. */
  readonly wallMs: number;
  /** Sum of dbt's execution times of the nodes; absent where none was reported. */
  readonly nodeMs?: number;
  /** Node time dbt State says it saved, and on how many nodes; absent where it said nothing. */
  readonly saved?: { readonly nodeMs: number; readonly nodes: number };
  /** What was saved, as one sentence; empty when there is nothing to say about it. */
  readonly saving: string;
  /** What that does not say, as one sentence; empty where `saving` is. */
  readonly caveat: string;
}

export interface LookAt {
  readonly kind: 'run' | 'failure' | 'warning';
  /** Of the node; absent for the run as a whole. */
  readonly node?: ExplainedNode;
  /** A few words, e.g. `Test failed: 3 rows`. */
  readonly title: string;
  /** dbt's own words, possibly long and of many lines; empty where it gave none. */
  readonly message: string;
  readonly hint?: string;
  /** Where to look as well: one sentence with a link. */
  readonly see?: readonly Phrase[];
  /** The last lines dbt printed, when it could not do the run. */
  readonly outputTail?: string;
  /** Nodes dbt did not try because of this one: the first few by name, and how many in all. */
  readonly held?: { readonly count: number; readonly names: readonly string[] };
}

/** In reading order. */
export const GROUP_KEYS = [
  'failed',
  'interrupted',
  'skipped',
  'unknown',
  'warned',
  'built',
  'cloned',
  'tested',
  'checked',
  'compiled',
  'ran',
  'reused',
  'tests-reused',
  'no-op',
] as const;

export type GroupKey = (typeof GROUP_KEYS)[number];

export interface NodeGroup {
  readonly key: GroupKey;
  readonly icon: string;
  /** E.g. `Reused`, `Tests reused`. */
  readonly title: string;
  /** Sorted: failed and interrupted as dbt reported them, the others by resource type, then name, then unique id. */
  readonly nodes: readonly ExplainedNode[];
  /** What nodes these are, e.g. `5 models and 3 seeds`. */
  readonly makeup: string;
  /** Sum of dbt's execution times, where any was reported. */
  readonly executionMs?: number;
}

/** One node in words. */
export interface ExplainedNode {
  readonly uniqueId: string;
  readonly name: string;
  /** dbt's resource type. */
  readonly resourceType: string;
  /** What it is, in words: `incremental model`, `seed`, `unit test`. */
  readonly kind: string;
  readonly relationName?: string;
  /** The unique id of the model a test belongs to. */
  readonly attachedNode?: string;
  readonly action: NodeAction;
  readonly because: DecisionReason;
  readonly icon: string;
  /** What happened in one or two words, e.g. `built`, `test failed`, `test reused`. */
  readonly label: string;
  /** Why, as a whole sentence. */
  readonly sentence: string;
  /** Why the comparison with a state selected it, e.g. `changed: its SQL`; absent where it did not, or nobody knows. */
  readonly selectedFor?: string;
  readonly status?: string;
  readonly failed: boolean;
  readonly warned: boolean;
  readonly message?: string;
  readonly location?: SourceLocation;
  readonly executionMs?: number;
  /** Rows written. */
  readonly rowsAffected?: number;
  /** Rows a failing or warning test found. */
  readonly failures?: number;
  readonly savedMs?: number;
  /** `inferred` where no source says so and it was concluded from what they leave out. */
  readonly basis: 'reported' | 'inferred';
  /** What sources said that contradicts the decision, near to their own words; usually empty. */
  readonly conflicts: readonly string[];
}

export interface Notice {
  readonly kind: 'problem' | 'warning' | 'deprecation';
  /** dbt's event name, or one of our error codes. */
  readonly name: string;
  readonly message: string;
  readonly hint?: string;
  readonly count: number;
  readonly uniqueId?: string;
}

export interface Fact {
  /** Stable, kebab-case, e.g. `dbt-version`; `label:<name>` for the labels of the run. */
  readonly key: string;
  readonly label: string;
  readonly value: string;
  /** True for what a person would copy: commands, paths, ids. */
  readonly code: boolean;
}

/** One setting of dbt State in words. Secrets are `set`. */
export interface SettingRow {
  /** E.g. `FRESHNESS_TOLERANCE`. */
  readonly setting: string;
  readonly value: string;
  /** The variable, flag or key that decides, e.g. `RUN_CACHE_FRESHNESS_TOLERANCE`. */
  readonly from: string;
  /** What that outranks, each with its value. */
  readonly overrides: readonly string[];
  /** Why it has no effect, or what else to know of it: whole sentences, often empty. */
  readonly remark: string;
}

export interface Advice {
  /** One sentence in the imperative. */
  readonly sentence: string;
  /** Something to run, as one line. */
  readonly command?: string;
}

/** The operator's checklist of dbt State. */
export interface Checklist {
  readonly status: 'pass' | 'warn' | 'fail';
  /** How many checks came to what, e.g. `1 failed, 2 warnings, 9 passed`. */
  readonly tally: string;
  /** What failed first, then warnings, what is not known, and what passed. */
  readonly checks: readonly DiagnosisCheck[];
}
