import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';

export type JsonSchema = Readonly<Record<string, unknown>>;

export const RECORD_SCHEMA = JSON.parse(
  readFileSync(new URL('../../sdk/dedup/ledger-record.schema.json', import.meta.url), 'utf8'),
) as JsonSchema;

const ajv = new Ajv2020({ allErrors: true });
const open = ajv.compile(RECORD_SCHEMA);
const closed = ajv.compile(closedSchema(RECORD_SCHEMA) as object);

/** Whether a reader that goes by the published schema takes it. */
export function isRecord(body: unknown): boolean {
  return open(body);
}

/** @throws Error naming what the published schema does not allow, or what was written and is not described there. */
export function checkRecord(body: unknown): void {
  if (!closed(body)) throw new Error(`${ajv.errorsText(closed.errors)}\n${JSON.stringify(body, null, 2)}`);
}

/** Readers must take more than they know; a test that did would not see a field that nobody has described. */
function closedSchema(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(closedSchema);
  if (typeof node !== 'object' || node === null) return node;
  const entries = Object.entries(node).map(([key, value]) => [key, closedSchema(value)]);
  const isClosed = 'properties' in node && (node as { type?: unknown }).type === 'object';
  return { ...Object.fromEntries(entries), ...(isClosed && { additionalProperties: false }) };
}

/** What each object of the schema requires, by its path: `` the record itself, `files[]` each of its files. */
export function requiredFields(schema: JsonSchema, path = ''): Readonly<Record<string, readonly string[]>> {
  const {
    required,
    properties = {},
    items,
  } = schema as {
    readonly required?: readonly string[];
    readonly properties?: Readonly<Record<string, JsonSchema>>;
    readonly items?: JsonSchema;
  };
  return Object.assign(
    {},
    required === undefined ? {} : { [path]: [...required].sort() },
    items === undefined ? {} : requiredFields(items, `${path}[]`),
    ...Object.entries(properties).map(([name, inner]) =>
      requiredFields(inner, path === '' ? name : `${path}.${name}`),
    ),
  ) as Readonly<Record<string, readonly string[]>>;
}
