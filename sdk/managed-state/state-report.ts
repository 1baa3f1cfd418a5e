import type { NodeChange } from './node-change.ts';
import type { Oversight } from './oversight.ts';
import type { ManagedStateEngine } from './state-nodes.ts';

/** What a run compared itself with, what it selected by that, and what it left for later runs. Redacted, plain data. */
export interface ManagedStateReport {
  /** e.g. `production`. */
  readonly environment: string;
  /** Kind of store, e.g. `file`; absent where none could be opened. */
  readonly store?: string;
  /** Absent for a run that was not to compare itself with anything. */
  readonly comparison?: StateComparison;
  /** Absent unless a slim build was asked for and a state was found. */
  readonly slim?: SlimReport;
  /** Absent where nothing was to be published. */
  readonly published?: PublishedState;
}

export type StateComparison = FoundState | MissingState;

export interface FoundState {
  readonly kind: 'found';
  /** Full SHA. */
  readonly commit: string;
  /**
   * `merge-base`: of the very commit this one starts from. `ancestor`: the nearest older commit that has one. `newest`: the
   * newest of the environment, since none of an ancestor is known.
   */
  readonly basis: 'merge-base' | 'ancestor' | 'newest';
  /** How many commits the checkout has that the state's has not; absent where it is not known. */
  readonly commitsAway?: number;
  /** Why ancestors could not be told, where that mattered: a sentence with a way out. */
  readonly doubt?: string;
  /** ISO 8601, UTC. */
  readonly publishedAt: string;
  /** Since then. */
  readonly ageMs: number;
  readonly engine: ManagedStateEngine;
  readonly dbtVersion: string;
  readonly adapterType?: string;
  /** Its checkout differed from the commit. */
  readonly isDirty?: true;
  /** The checkout of this run differs from its own commit, so that more may have changed than its commits say. */
  readonly isCheckoutDirty?: true;
  /** Address of the run that left it. */
  readonly url?: string;
  /** Nearer ones that were not taken. */
  readonly passedOver: readonly PassedOver[];
  /** The last run of the environment, whose failed nodes are built again; absent where none is kept, or it was of another line. */
  readonly lastRun?: {
    readonly commit: string;
    readonly outcome: 'succeeded' | 'failed';
    readonly startedAt: string;
    readonly url?: string;
  };
}

export interface MissingState {
  readonly kind: 'missing';
  /**
   * `none-kept`: nothing was ever published here, or it is forgotten. `none-fits`: see `passedOver`. `unavailable`: the store
   * gave no answer. `no-commit`: the project is not in a git checkout.
   */
  readonly because: 'none-kept' | 'none-fits' | 'unavailable' | 'no-commit';
  /** More about it, e.g. what the store said. */
  readonly why?: string;
  readonly passedOver: readonly PassedOver[];
}

/** A state that was there and was not taken. */
export interface PassedOver {
  readonly commit: string;
  /**
   * `other-engine`, `other-version`, `other-adapter`: dbt's comparison would not be right. `other-project`: its manifest is of
   * another project. `stale`: older than `max-state-age`. `corrupt`: not what was stored. `gone`: the store has forgotten its
   * files. `unavailable`: the store did not answer for them.
   */
  readonly because:
    | 'other-engine'
    | 'other-version'
    | 'other-adapter'
    | 'other-project'
    | 'stale'
    | 'corrupt'
    | 'gone'
    | 'unavailable';
  /** What it is of, or how old, in words fit to show, e.g. `dbt 1.11.16`, `3 days old`. */
  readonly detail: string;
}

export interface SlimReport {
  readonly mode: 'slim' | 'strict';
  /** dbt's arguments as they were, the added ones included; redacted. */
  readonly args: readonly string[];
  /** What selects, before the user's own selection narrows it: e.g. `state:modified+`, `result:error+`. */
  readonly selectors: readonly string[];
  /** The user's own selection, as given; empty: none. */
  readonly within: readonly string[];
  /** What was compared; absent where a manifest could not be read, or dbt ended before it wrote one. */
  readonly selection?: SelectionReasons;
  /** Nodes that `strict` added, since dbt overlooks them. */
  readonly added: readonly string[];
  /** `strict` selected everything, since nobody can tell what this changes. */
  readonly addedAll?: Oversight;
}

/** Why nodes were selected. */
export interface SelectionReasons {
  /** What dbt lists as modified or new, and why. */
  readonly changes: readonly NodeChange[];
  /** Below which of them the other nodes stand that `state:modified+` lists. */
  readonly downstream: Readonly<Record<string, readonly string[]>>;
  /**
   * Nodes that failed or were skipped in the last run of the environment and were selected for that, with what stands below
   * them. Of a failed production run of other code also what it built.
   */
  readonly retried: readonly string[];
  /** Nodes below sources that have newer data, by source. */
  readonly fresher: readonly string[];
  /** Where dbt's comparison is blind, or sees what is not there. */
  readonly oversights: readonly Oversight[];
}

export type PublishedState =
  | {
      readonly kind: 'published';
      readonly commit: string;
      readonly isNewest: boolean;
      readonly isDirty?: true;
    }
  | {
      readonly kind: 'not-published';
      /**
       * `failed`: the run is no success. `overlooked`: a slim build that left out what dbt's comparison does not see: nobody would
       * ever build it. `not-default-branch`, `unknown-branch` (nobody
       * says which branch is the default one), `partial` (only a part of the project was selected), `command`
       * (it does not make a whole project): `publish-state: auto` keeps no such run. `no-commit`, `no-manifest`: there is
       * nothing to keep it under, or nothing to keep. `unavailable`, `read-only`: the store.
       */
      readonly because:
        | 'failed'
        | 'overlooked'
        | 'not-default-branch'
        | 'unknown-branch'
        | 'partial'
        | 'command'
        | 'no-commit'
        | 'no-manifest'
        | 'unavailable'
        | 'read-only';
      /** More about it, fit to show. */
      readonly why?: string;
    };
