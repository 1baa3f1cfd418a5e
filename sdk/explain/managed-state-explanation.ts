import type { SourceLocation } from '../decisions/decision.ts';
import type { Oversight } from '../managed-state/oversight.ts';
import type { Phrase } from './explanation.ts';

/** What a run compared itself with, what that selected, and what it left for later runs, in words. */
export interface ManagedStateNotice {
  /** E.g. `production`. */
  readonly environment: string;
  /** `none`: the run was not to compare itself with anything. */
  readonly comparison: 'found' | 'missing' | 'none';
  /** What this was compared with, or why there was nothing; empty for `none`. */
  readonly lead: readonly Phrase[];
  /** What to do so that there is a state the next time: whole sentences. Empty unless it is missing. */
  readonly todo: readonly string[];
  /** What a reader should know of the state: whole sentences. Often empty. */
  readonly cautions: readonly (readonly Phrase[])[];
  /** Nearer states that were not taken, each with why. */
  readonly passedOver: readonly (readonly Phrase[])[];
  /** What was selected and why; absent where it is not known, or nothing was to be selected. */
  readonly selection?: SelectionNotice;
  /** Why it is not known, for a slim build: one sentence. */
  readonly selectionUnknown?: string;
  /** dbt's whole command line, for a slim build. */
  readonly command?: string;
  /** What became of this run's own state; absent where nobody would wonder. */
  readonly published?: readonly Phrase[];
  /** Nothing differs from the state, as far as anyone can tell, and nothing ran. */
  readonly nothingChanged?: true;
}

/** Why nodes were selected. All of it is before the run's own selection narrows it. */
export interface SelectionNotice {
  /** E.g. `3 nodes changed, 12 nodes below them`. */
  readonly title: string;
  /** What dbt lists as modified: models first, then by name. */
  readonly changes: readonly ChangedNode[];
  /** What stands below them, by what it stands below; the largest group first. */
  readonly below: readonly BelowGroup[];
  readonly belowCount: number;
  /** Nodes of other reasons: retried, below fresher sources, added by `strict`. Empty ones are left out. */
  readonly others: readonly OtherNodes[];
  /** Why `strict` selected everything; absent where it did not. */
  readonly addedAll?: readonly Phrase[];
  /** What dbt's comparison does not see; the ones to act on first. False alarms, and tests that are gone, are small print. */
  readonly oversights: readonly OversightNotice[];
}

export interface NamedNode {
  readonly uniqueId: string;
  readonly name: string;
  /** What it is, e.g. `model`, `data test`. */
  readonly kind: string;
}

export interface ChangedNode extends NamedNode {
  /** E.g. `its SQL`, or `config materialized and macro cents_to_dollars`. */
  readonly what: readonly Phrase[];
  /** Where the run knows it. */
  readonly location?: SourceLocation;
}

export interface BelowGroup {
  /** Names of the changed nodes it stands below. */
  readonly below: readonly string[];
  readonly nodes: readonly NamedNode[];
}

export interface OtherNodes {
  readonly kind: 'retried' | 'fresher' | 'added';
  /** Why; the names follow it, e.g. `To be built again after the last run of production`. */
  readonly lead: readonly Phrase[];
  readonly nodes: readonly NamedNode[];
}

export interface OversightNotice {
  readonly kind: Oversight['kind'];
  /** `caution`: a node may lack that should have been built. `settled`: what it concerns is selected all the same, or nothing is known to be concerned. */
  readonly tone: 'caution' | 'settled';
  /** What dbt does not see, and which nodes that concerns: whole sentences. */
  readonly says: readonly Phrase[];
  /** All nodes that are known to be concerned; empty where nobody can tell. */
  readonly nodes: readonly NamedNode[];
  /** What to do, in the imperative; absent for what is settled. */
  readonly todo?: string;
}
