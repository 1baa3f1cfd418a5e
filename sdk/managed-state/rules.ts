import type { ManifestNode } from '../artifacts/types.ts';
import type { ChangeSelector } from './node-change.ts';

/** What an engine compares of one kind of node. What is not named here is not compared. */
export interface Rules {
  readonly body?: 'raw_code' | 'checksum';
  readonly configs?: ConfigRule;
  readonly relation?: 'unrendered-config' | 'source' | 'unrendered-source';
  readonly descriptions?: 'persisted' | 'persisted-or-switched';
  readonly contract?: 'checksum' | 'enforced';
  /** Whether its path below the project (`fqn`) counts. */
  readonly path?: true;
  /** Other fields, by dbt's names. */
  readonly properties?: readonly string[];
  /** The differences `state:modified` lists a node for. Default: all of them. */
  readonly modifiedBy?: readonly ('configs' | 'path')[];
  /** The selectors that list a node because it is new. */
  readonly whenNew: readonly ChangeSelector[];
}

/** Which of a node's configs count, and whether as they are written or as they are rendered. */
export interface ConfigRule {
  readonly field: 'unrendered_config' | 'config';
  readonly only?: readonly string[];
  readonly except?: readonly string[];
  /** A config that is null is the same as none. To dbt Core it is not. */
  readonly nullIsUnset?: true;
  /** Nothing differs when what is rendered is the same: somebody wrote down what was so before. */
  readonly unlessRenderedSame?: true;
}

/** What changes how dbt Core compares, and stands in no manifest. */
export interface CoreSettings {
  /** dbt's flag `state_modified_compare_more_unrendered_values`: how sources are compared. */
  readonly compareMoreUnrendered: boolean;
  /** Whether `sql_header` is a config of tests. */
  readonly testsHaveHeader: boolean;
}

export type RulesFor = (node: ManifestNode) => Rules;
