import { readFileSync } from 'node:fs';
import { Ajv2020, type AnySchemaObject } from 'ajv/dist/2020.js';
import type { DecisionLogRecord } from '../../sdk/index.ts';

const SCHEMA = new URL('../../sdk/decision-log/decision-log.schema.json', import.meta.url);

export const decisionLogSchema = JSON.parse(readFileSync(SCHEMA, 'utf8')) as AnySchemaObject;

// Readers ignore what they do not know; what we write today is described whole.
const strict = closed(decisionLogSchema) as AnySchemaObject;
const isDateTime = (text: string): boolean => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text);
const ajv = new Ajv2020({ formats: { 'date-time': isDateTime } });
const validate = ajv.compile(strict);

function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const inside = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  const isObject = 'properties' in schema && !('additionalProperties' in schema);
  return isObject ? { ...inside, additionalProperties: false } : inside;
}

/** @throws Error that names what is wrong with a line of a decision log. */
export function checkLine(line: string): DecisionLogRecord {
  const record = JSON.parse(line) as DecisionLogRecord;
  if (!validate(record)) throw new Error(`${line}\n${ajv.errorsText(validate.errors)}`);
  return record;
}

/** Every line of a decision log, each checked against the schema. */
export function checkedLines(text: string): DecisionLogRecord[] {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  return text.slice(0, -1).split('\n').map(checkLine);
}
