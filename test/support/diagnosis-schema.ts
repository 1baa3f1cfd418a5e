import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { Diagnosis, DiagnosisCheck } from '../../sdk/index.ts';

export const SCHEMA_FILE = new URL('../../sdk/diagnose/diagnosis.schema.json', import.meta.url);

const schema = JSON.parse(readFileSync(SCHEMA_FILE, 'utf8'));
const isDateTime = (text: string): boolean => new Date(text).toISOString() === text;
const ajv = new Ajv2020({ allErrors: true, formats: { 'date-time': isDateTime } });
const validate = ajv.compile(closed(schema));

/** Readers must take more than they know; a test that did would see nothing that was added and not described. */
function closed(node: unknown): object {
  if (Array.isArray(node)) return node.map(closed);
  if (typeof node !== 'object' || node === null) return node as never;
  const entries = Object.entries(node).map(([key, value]) => [key, closed(value)]);
  const isObject = (node as { type?: unknown }).type === 'object';
  return { ...Object.fromEntries(entries), ...(isObject && { additionalProperties: false }) };
}

/** @throws Error naming what the published schema does not allow, or leaves out. */
export function checkDiagnosis(diagnosis: unknown): Diagnosis {
  if (!validate(diagnosis)) {
    throw new Error(`${ajv.errorsText(validate.errors)}\n${JSON.stringify(diagnosis, undefined, 2)}`);
  }
  return diagnosis as Diagnosis;
}

/** The one check of this code. @throws Error where there is none, or more than one. */
export function checkOf(diagnosis: Diagnosis, code: DiagnosisCheck['code']): DiagnosisCheck {
  const found = diagnosis.checks.filter((check) => check.code === code);
  if (found.length === 1 && found[0] !== undefined) return found[0];
  const all = diagnosis.checks.map((check) => `${check.status} ${check.code}: ${check.seen}`);
  throw new Error(`${found.length} checks are ${code}, of:\n${all.join('\n')}`);
}
