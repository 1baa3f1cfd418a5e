import type { StateStatus, StateTrouble } from '../decisions/decision.ts';
import type { StateSettings } from '../plan/state/setting.ts';
import type { EngineInfo, ProjectInfo } from '../result.ts';
import type { CheckCode } from './diagnosis.ts';

/** What looking something up came to. A step that was not taken at all is absent, and so is its check. */
export type Step<T> =
  | { readonly kind: 'found'; readonly value: T }
  /** `why` is a sentence without its full stop. */
  | { readonly kind: 'failed'; readonly why: string; readonly fix: string }
  /** Another check must pass first. */
  | { readonly kind: 'blocked'; readonly by: CheckCode }
  /** It was left out on purpose. */
  | { readonly kind: 'left-out'; readonly why: string; readonly fix: string };

/** The profile as far as it can be told without dbt. */
export interface ProfileFacts {
  readonly profileName?: string;
  readonly targetName?: string;
  readonly adapterType?: string;
  /** Of `profiles.yml`. */
  readonly path?: string;
}

/** The git branch as the State plugin will find it. */
export type BranchFacts =
  | { readonly kind: 'named'; readonly branch: string }
  /** A commit is checked out, and no branch: CI does that for pull requests. */
  | { readonly kind: 'detached' }
  | { readonly kind: 'no-git' }
  | { readonly kind: 'no-repository' }
  | { readonly kind: 'unreadable' };

/** A variable whose name makes people take it for a setting of dbt State. */
export interface ConfusedVariable {
  readonly name: string;
  /** What it really is, as a sentence. */
  readonly is: string;
  /** Absent where it does what its name says and nobody need be warned. */
  readonly fix?: string;
}

/** dbt was run without State. */
export interface FallbackFacts {
  /** It was switched off to see; or a run wanted it, did not get it, and succeeded. */
  readonly seenIn: 'probe' | 'run';
  readonly ms: number;
  /** Of the warehouse; Postgres alone. */
  readonly trackCommitTimestamp?: string;
}

/** dbt was run with State as the user has set it. */
export interface ServiceFacts {
  readonly ms: number;
  readonly troubles: readonly StateTrouble[];
  /** Whether State said that it is on. Its silence proves nothing. */
  readonly announced: boolean;
}

export interface LogFacts {
  /** Folders that cannot be written to; empty when all can. */
  readonly unwritable: readonly string[];
  /** The folders that were looked at. */
  readonly folders: readonly string[];
  /** The decision log that dbt State wrote in the last run, where it still is. */
  readonly decisionLog?: string;
}

export interface LastRun {
  readonly command: string;
  readonly startedAt: string;
  readonly state: StateStatus;
}

/** All that the checklist is made of. */
export interface DiagnosisFacts {
  readonly engine?: Step<EngineInfo>;
  /** Version of the State plugin. Null: there is none. Absent: not known. */
  readonly plugin?: string | null;
  /** Its predecessors, as far as they are installed. Absent: not looked for. */
  readonly legacyPackages?: readonly string[];
  readonly project?: Step<ProjectInfo>;
  readonly profile?: Step<ProfileFacts>;
  readonly settings?: Step<StateSettings>;
  readonly confused?: readonly ConfusedVariable[];
  readonly branch?: Step<BranchFacts>;
  readonly fallback?: Step<FallbackFacts>;
  readonly service?: Step<ServiceFacts>;
  readonly logs?: Step<LogFacts>;
  /** The run whose report lies in the target folder. */
  readonly lastRun?: Step<LastRun>;
  /** What was seen of State in the very run the checklist is part of. */
  readonly thisRun?: StateStatus;
}
