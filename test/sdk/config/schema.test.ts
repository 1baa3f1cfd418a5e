import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { checkContent } from '../../../sdk/config/check.ts';
import { CONFIG_KEYS, ConfigSchema, configJsonSchema } from '../../../sdk/config/schema.ts';

const file = JSON.parse(
  readFileSync(new URL('../../../sdk/config/config.schema.json', import.meta.url), 'utf8'),
) as { properties: Record<string, { description?: string }>; additionalProperties: boolean };

test('the schema that is checked in is the one of the code: node scripts/config-schema.ts writes it', () => {
  expect(file).toEqual(configJsonSchema());
  expect(file).toMatchObject(z.toJSONSchema(ConfigSchema));
});

test('it describes every key for editors and knows no others', () => {
  expect(Object.keys(file.properties)).toEqual(['version', ...CONFIG_KEYS]);
  for (const [key, { description }] of Object.entries(file.properties))
    expect(description, key).toMatch(/\.$/);
  expect(file.additionalProperties).toBe(false);
});

describe('an editor and we agree', () => {
  const validate = new Ajv2020({ allErrors: true }).compile(file);
  test.each([
    [{}, true],
    [{ version: 1, dbt: 'uv run dbt', timeout: '1h30m', labels: { a: 'b' }, 'redact-env': ['A'] }, true],
    [{ version: 2 }, false],
    [{ timeout: '' }, false],
    [{ timeout: 45 }, false],
    [{ timeout: '30m1h' }, false],
    [{ 'run-cache': 'embedded' }, false],
    [{ labels: { '': 'x' } }, false],
    [{ labels: { a: 1 } }, false],
    [{ labels: { a: 'x'.repeat(1025) } }, false],
    [{ 'redact-env': ['A=b'] }, false],
    [{ report: 'true' }, false],
    [{ target: 'prod' }, false],
    [{ data: 'ignore' }, true],
    [{ 'data-version': '1' }, true],
    [{ data: 'ignore', 'data-version': '1' }, false],
    [{ 'idempotency-key': '🦆'.repeat(512) }, true],
    [{ 'idempotency-key': 'x'.repeat(513) }, false],
    [{ 'idempotency-key': '' }, false],
    [{ 'key-env': ['TEAM_*'] }, true],
    [{ 'key-env': ['A b'] }, false],
    [{ 'key-ignore': ['docs', '/var/log/a b.log'] }, true],
    [{ 'key-ignore': ['docs/*'] }, false],
    [{ 'key-ignore': [' '] }, false],
    [{ retention: '3650d' }, true],
    [{ 'on-in-flight': 'queue' }, false],
    [{ heartbeat: '5s' }, false],
    [{ slim: true }, true],
    [{ slim: 'strict' }, true],
    [{ slim: 'true' }, false],
    [{ state: 'off', 'publish-state': 'never', 'state-environment': 'prod-1.eu_2' }, true],
    [{ state: false }, false],
    [{ 'state-environment': '' }, false],
    [{ 'state-environment': 'a/b' }, false],
    [{ 'state-environment': 'x'.repeat(65) }, false],
    [{ 'max-state-age': '3650d', 'state-retention': '3650d' }, true],
    [{ deps: true }, false],
  ])('%j: %s', (content, isValid) => {
    expect(validate(content)).toBe(isValid);
    expect('content' in checkContent(content)).toBe(isValid);
  });
});
