import * as z from 'zod';
import { type LedgerRecord, RecordSchema } from './record.ts';

const DESCRIPTIONS: Readonly<Record<keyof LedgerRecord, string>> = {
  result: 'failed: some nodes failed; kept only where dedup-on is any.',
  token: "Of the attempt that finished: what the entry of a warehouse target names as its last writer's.",
  keyKind: 'Whether the key was given by the caller or derived from the inputs of the run.',
  producer: 'Who ran dbt. Times are by its own clock: for people, never for decisions.',
  finishedAt: "ISO 8601, by the producer's clock.",
  wallMs: 'How long the run took, in milliseconds.',
  exitCode: "dbt's.",
  givenKey: 'The key as it was given; absent for a derived one, and for one that looks like a secret.',
  parts: 'The digest of each input of the run; null for one that could not be known.',
  items:
    'The blob items/<sha256>: what each part is made of, as { part: { item: digest } } in JSON, compressed with gzip.',
  bundle: 'The blob with the files one after the other, in their order, compressed with gzip.',
  files:
    'What can be brought back, the report first. Paths are relative to the target folder; no word of one is "." or "..".',
  omitted: 'What would have been kept and was too large.',
  writers:
    'Places in warehouses that the result hangs on, by the SHA-256 of their name, each with who has to be the last to have written there: a token, or none.',
  targetFiles: 'The database files of a target that is one, as the run left them.',
};

/**
 * The JSON Schema of a record: the `body` of an entry `claims/…` whose `state` is `settled`. Properties it does not name
 * are allowed, since fields are only ever added.
 */
export function recordJsonSchema(): Readonly<Record<string, unknown>> {
  const { $schema, properties, ...rest } = z.toJSONSchema(RecordSchema, { io: 'input' });
  const described = Object.entries(properties ?? {}).map(([name, property]) => [
    name,
    { description: DESCRIPTIONS[name as keyof LedgerRecord], ...(property as object) },
  ]);
  return {
    $schema,
    title: 'A finished run in the ledger of dbt-runcache',
    description:
      'Version 1: the body of a settled entry, which carries schemaVersion. Later releases may add fields without raising the version, so readers should ignore what they do not know.',
    ...rest,
    properties: Object.fromEntries(described),
  };
}
