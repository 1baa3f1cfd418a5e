import type { PartInput } from '../../dedup/key.ts';
import type { StateComparison } from '../../managed-state/state-report.ts';
import type { SlimSelection, StateHere } from './slim-selection.ts';

/** What a run compares itself with, and what dbt is given for it. */
export interface Comparison {
  readonly report: StateComparison;
  /** All of dbt's arguments, those of the comparison included. */
  readonly dbtArgs: readonly string[];
  /** The selection of the caller that a slim one is within; empty: none. */
  readonly within: readonly string[];
  /** The part of the run's key: the result hangs on it. */
  readonly part: PartInput;
  /** Where there is a state: what of it lies here. */
  readonly here?: StateHere;
  /** Absent unless this is a slim build. */
  readonly slim?: SlimSelection;
}
