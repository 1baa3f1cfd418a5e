import { optional } from '../../util/optional.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What dbt Core calls `node_info`, from the attributes of a node's or hook's span; undefined without an id. */
export function nodeInfoOf(attributes: Fields): Fields | undefined {
  const uniqueId = text(attributes['unique_id']);
  if (uniqueId === undefined) return undefined;
  const materialized = enumWord(attributes['materialization'], 'NODE_MATERIALIZATION_');
  return {
    unique_id: uniqueId,
    node_name: text(attributes['name']) ?? uniqueId,
    resource_type: enumWord(attributes['node_type'], 'NODE_TYPE_') ?? uniqueId.split('.', 1)[0] ?? '',
    ...optional('materialized', UNTOLD.has(materialized ?? '') ? undefined : materialized),
    // The name as the database writes it is not among the attributes: how it is quoted is the adapter's affair.
    node_relation: {
      ...optional('database', text(attributes['database'])),
      ...optional('schema', text(attributes['schema'])),
      ...optional('alias', text(attributes['identifier'])),
    },
  };
}

/** Materializations that dbt v2 has no word for. */
const UNTOLD: ReadonlySet<string> = new Set(['custom', 'unknown', 'unspecified']);

/** `NODE_TYPE_UNIT_TEST` → `unit_test`. */
export function enumWord(value: unknown, prefix: string): string | undefined {
  return typeof value === 'string' && value.startsWith(prefix)
    ? value.slice(prefix.length).toLowerCase()
    : undefined;
}

export function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function fields(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

/** A number, also one of 64 bits, which comes as text. */
export function integer(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  return typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : undefined;
}
