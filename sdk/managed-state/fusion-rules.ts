import type { ChangeSelector } from './node-change.ts';
import type { Rules, RulesFor } from './rules.ts';

/**
 * What dbt v2 compares, as 2.0.0-preview.196 answered: it is found by asking, so a later version may know more.
 * It lists analyses. Metrics, semantic models and saved queries in dbt Core's YAML are not in its manifest; those in its
 * own YAML were not asked for.
 */
export const fusionRules: RulesFor = (node) => RULES[node.resource_type] ?? NODE;

const EVERY_MODIFIED: readonly ChangeSelector[] = [
  ...(['modified', 'modified.body', 'modified.configs', 'modified.relation'] as const),
  ...(['modified.persisted_descriptions', 'modified.contract'] as const),
];
const WHEN_NEW: readonly ChangeSelector[] = ['new', ...EVERY_MODIFIED, 'modified.macros'];

const RELATION = ['alias', 'schema', 'database'];

/** As far as asked: what dbt v2 lists that is in no kind below. */
const NODE: Rules = {
  body: 'checksum',
  configs: { field: 'config', nullIsUnset: true, except: RELATION },
  relation: 'unrendered-config',
  descriptions: 'persisted-or-switched',
  whenNew: WHEN_NEW,
};

const RULES: Readonly<Record<string, Rules>> = {
  model: {
    ...NODE,
    configs: {
      field: 'unrendered_config',
      nullIsUnset: true,
      unlessRenderedSame: true,
      except: [
        ...RELATION,
        ...[
          'tags',
          'group',
          'contract',
          'event_time',
          'static_analysis',
          'quoting',
          'incremental_predicates',
        ],
      ],
    },
    contract: 'enforced',
  },
  seed: {
    ...NODE,
    configs: {
      field: 'config',
      nullIsUnset: true,
      except: [...RELATION, 'tags', 'group', 'quoting', 'delimiter'],
    },
    path: true,
  },
  snapshot: {
    ...NODE,
    configs: { field: 'config', nullIsUnset: true, except: [...RELATION, 'tags', 'meta', 'docs'] },
    path: true,
  },
  // The checksum of a test is always the same, and so its code is not compared.
  test: {
    configs: {
      field: 'config',
      nullIsUnset: true,
      only: ['enabled', 'alias', 'group', 'meta', 'tags', 'quoting'],
    },
    relation: 'unrendered-config',
    path: true,
    whenNew: WHEN_NEW,
  },
  source: {
    configs: {
      field: 'config',
      nullIsUnset: true,
      only: ['enabled', 'event_time', 'freshness', 'loaded_at_field'],
    },
    relation: 'source',
    properties: ['loader'],
    whenNew: WHEN_NEW,
  },
  // An exposure is never `state:new`, but it is modified.
  exposure: {
    configs: { field: 'config', nullIsUnset: true, only: ['enabled'] },
    properties: ['owner', 'url', 'maturity', 'label'],
    whenNew: EVERY_MODIFIED,
  },
  unit_test: { whenNew: WHEN_NEW },
};
