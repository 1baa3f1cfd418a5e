/** What of a node differs. */
export type ChangeKind =
  /** The manifest before has no such node. */
  | 'new'
  /** Its code, or a seed's content. */
  | 'body'
  /** A config as it is written, before it is rendered. */
  | 'configs'
  /** Database, schema, alias or identifier. */
  | 'relation'
  /** A description that dbt writes into the warehouse. */
  | 'persisted-descriptions'
  /** A macro it calls, to any depth. */
  | 'macros'
  /** The contract that dbt enforces. */
  | 'contract'
  /** Its folder below the project, which decides which configs it gets. */
  | 'path'
  /** Something else that dbt compares for this kind of node; `NodeChange.properties` names it. */
  | 'properties';

/** The selectors of dbt's `state:` method that list what has changed. */
export type ChangeSelector =
  | 'new'
  | 'modified'
  | 'modified.body'
  | 'modified.configs'
  | 'modified.relation'
  | 'modified.persisted_descriptions'
  | 'modified.macros'
  | 'modified.contract';

/** Every selector of dbt's `state:` method. */
export type StateSelector = ChangeSelector | 'old' | 'unmodified';

/** A macro that has changed, and how a node comes to it. */
export interface MacroChange {
  /** Unique id of the macro. */
  readonly macro: string;
  /** The macros between the node and this one, the one the node calls first. Empty when the node calls it itself. */
  readonly via: readonly string[];
}

/** A node of the manifest now that differs from the manifest before, for at least one selector of dbt. */
export interface NodeChange {
  readonly uniqueId: string;
  readonly kinds: readonly ChangeKind[];
  /** The selectors that list it. dbt has differences that only a narrower selector sees, not `state:modified`. */
  readonly selectedBy: readonly ChangeSelector[];
  /** Names of the configs that differ. */
  readonly configs?: readonly string[];
  /** Which parts of the relation differ: `database`, `schema`, `alias`, `identifier`. */
  readonly relation?: readonly string[];
  /** The macros that have changed, those that are nearest first. */
  readonly macros?: readonly MacroChange[];
  /** dbt's names of the other fields that differ, such as `latest_version`, `owner` or `freshness`. */
  readonly properties?: readonly string[];
}
