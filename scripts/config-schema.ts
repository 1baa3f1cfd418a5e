import { writeFileSync } from 'node:fs';
import { configJsonSchema } from '../sdk/config/schema.ts';

/** Writes the JSON Schema of `dbt-runcache.yml`, to be formatted with `npm run format`. Run from the repository's root. */
writeFileSync('sdk/config/config.schema.json', `${JSON.stringify(configJsonSchema(), null, 2)}\n`);
