import type { ManifestNode } from '../artifacts/types.ts';
import type { ConfigRule, CoreSettings, Rules, RulesFor } from './rules.ts';

/**
 * What dbt Core 1.11 and 1.12 compare, after `StateSelectorMethod` (dbt/graph/selector_methods.py) and the `same_*`
 * methods of dbt/contracts/graph/nodes.py. The names in the comments are theirs.
 */
export function coreRules({ compareMoreUnrendered, testsHaveHeader }: CoreSettings): RulesFor {
  const testConfigs = testsHaveHeader ? [...TEST_CONFIGS, 'sql_header'] : TEST_CONFIGS;
  const test: Rules = { ...PARSED_NODE, configs: { field: 'unrendered_config', only: testConfigs } };
  // GenericTestNode.same_contents: its code and arguments are in its name, so they are not compared.
  const genericTest: Rules = { ...test, modifiedBy: ['configs', 'path'] };
  const source = compareMoreUnrendered ? UNRENDERED_SOURCE : SOURCE;
  return (node) => {
    if (node.resource_type === 'test') return isGenericTest(node) ? genericTest : test;
    if (node.resource_type === 'source') return source;
    return RULES[node.resource_type] ?? PARSED_NODE;
  };
}

function isGenericTest(node: ManifestNode): boolean {
  return node.test_metadata !== undefined && node.test_metadata !== null;
}

/** `TestConfig.same_contents` */
const TEST_CONFIGS: readonly string[] = [
  ...['severity', 'where', 'limit', 'fail_calc', 'warn_if', 'error_if'],
  ...['store_failures', 'store_failures_as'],
];

/** `CompareBehavior.Exclude`: compared as the relation, or not at all. */
const CONFIGS: ConfigRule = {
  field: 'unrendered_config',
  except: ['alias', 'schema', 'database', 'tags', 'group'],
};

/** `ParsedNode.same_contents` */
const PARSED_NODE: Rules = {
  body: 'raw_code',
  configs: CONFIGS,
  relation: 'unrendered-config',
  descriptions: 'persisted',
  path: true,
  whenNew: [
    ...(['new', 'modified', 'modified.body', 'modified.configs', 'modified.relation'] as const),
    ...(['modified.persisted_descriptions', 'modified.contract'] as const),
  ],
};

const SOURCE: Rules = {
  relation: 'source',
  configs: { field: 'unrendered_config' },
  path: true,
  properties: ['quoting', 'freshness', 'loaded_at_field', 'external'],
  // SourceDefinition.same_contents(None) is true: what is new is not modified. So for those below without `modified`.
  whenNew: ['new', 'modified.configs', 'modified.relation'],
};
const UNRENDERED_SOURCE: Rules = { ...SOURCE, relation: 'unrendered-source' };

const RULES: Readonly<Record<string, Rules>> = {
  model: {
    ...PARSED_NODE,
    contract: 'checksum',
    // ModelNode.same_ref_representation
    properties: ['latest_version', 'access', 'deprecation_date'],
  },
  seed: { ...PARSED_NODE, body: 'checksum' },
  function: { ...PARSED_NODE, properties: ['arguments', 'returns', 'overloads'] },
  exposure: {
    configs: { field: 'unrendered_config' },
    path: true,
    properties: ['type', 'owner', 'maturity', 'url', 'description', 'label', 'depends_on.nodes'],
    whenNew: ['new', 'modified.configs'],
  },
  metric: {
    configs: { field: 'unrendered_config', except: ['group'] },
    properties: ['type', 'description', 'label'],
    whenNew: ['new', 'modified.configs'],
  },
  semantic_model: {
    configs: { field: 'config' },
    properties: [
      ...['model', 'description', 'defaults', 'entities', 'dimensions', 'measures'],
      ...['primary_entity', 'group'],
    ],
    whenNew: ['new', 'modified.configs'],
  },
  saved_query: {
    configs: { field: 'config' },
    properties: [
      ...['query_params.metrics', 'query_params.group_by', 'query_params.where'],
      ...['description', 'label', 'group', 'exports', 'tags'],
    ],
    whenNew: ['new', 'modified.configs'],
  },
  // UnitTestDefinition.same_contents. The checksum covers all but the description.
  unit_test: { properties: ['checksum'], whenNew: ['new', 'modified'] },
};
