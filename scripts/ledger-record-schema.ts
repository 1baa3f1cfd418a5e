import { writeFileSync } from 'node:fs';
import { recordJsonSchema } from '../sdk/dedup/record-json-schema.ts';

/** Writes the JSON Schema of the ledger's records, to be formatted with `npm run format`. Run from the repository's root. */
writeFileSync('sdk/dedup/ledger-record.schema.json', `${JSON.stringify(recordJsonSchema(), null, 2)}\n`);
