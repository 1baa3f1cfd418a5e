/** Where dbt's comparison is blind, or sees what is not there. */
export type Oversight =
  /** It stands in front of a macro of dbt's own, or did. dbt does not know which nodes that changes. */
  | { readonly kind: 'built-in-macro'; readonly macro: string }
  /** It decides names of schemas, tables or databases. See `relation` for the nodes it renames. */
  | { readonly kind: 'naming-macro'; readonly macro: string }
  /** It has changed, and dbt finds nothing that calls it, though these nodes name it. */
  | { readonly kind: 'untracked-macro'; readonly macro: string; readonly mentionedBy: readonly string[] }
  /** An `on-run-start` or `on-run-end` hook of the project is new or different. */
  | { readonly kind: 'project-hook'; readonly uniqueId: string }
  /** The node is gone: dbt lists neither it nor what stood below it. */
  | { readonly kind: 'removed'; readonly uniqueId: string }
  /** The node's table has another name now, though no config says so. */
  | { readonly kind: 'relation'; readonly uniqueId: string; readonly from: string; readonly to: string }
  /**
   * The code of these nodes, or of macros they call, reads a variable that has another value now. The name `*` stands for any
   * (`--vars` that could not be read), `?` for one whose name is not written out in the template.
   */
  | { readonly kind: 'variable'; readonly name: string; readonly uniqueIds: readonly string[] }
  | { readonly kind: 'environment-variable'; readonly name: string; readonly uniqueIds: readonly string[] }
  /**
   * These fields differ, and this engine does not compare them. `depends_on.nodes`, `depends_on.macros`: the same text means
   * another node or macro now. `checksum`: a seed too large for dbt to look into, so that nobody knows.
   */
  | { readonly kind: 'not-compared'; readonly uniqueId: string; readonly fields: readonly string[] }
  /** dbt lists the node for a config whose text is the same: it reads a variable or the target. */
  | { readonly kind: 'false-alarm'; readonly uniqueId: string; readonly configs: readonly string[] }
  /** dbt Core lists nothing and ends with an error: a contract of a versioned model is broken. */
  | { readonly kind: 'contract-refused'; readonly uniqueId: string };

/** What stands in no manifest. */
export interface KnownChanges {
  /** Names of the variables that have another value than before. Default none. */
  readonly variables?: readonly string[];
  /** The same for environment variables. */
  readonly environment?: readonly string[];
  /** The values before were not kept, so that changes of them are not seen. */
  readonly isUnknown?: true;
}
