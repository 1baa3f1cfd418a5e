import { type ArtifactFile, at, invalidAt, isObject, type ParsedObject } from './artifact-file.ts';

/**
 * What schema v6 always has, as null where there is nothing: filled in, so that v5, and writers that leave null
 * out, come out the same.
 */
const NULLABLE = ['message', 'failures', 'compiled', 'compiled_code', 'relation_name', 'batch_results'];

/**
 * Checks the body of run_results.json v5 or v6 and brings it to the form of v6, in place.
 * @throws DbtRunCacheError `artifact-invalid`.
 */
export function normalizeRunResults(file: ArtifactFile, artifact: ParsedObject): void {
  const results = artifact['results'];
  if (!Array.isArray(results)) throw invalidAt(file, 'results', 'a list', results);
  for (let i = 0; i < results.length; i += 1) checkEntry(file, results[i], i);
  if (!isNumber(artifact['elapsed_time'])) {
    throw invalidAt(file, 'elapsed_time', 'a number', artifact['elapsed_time']);
  }
  artifact['args'] ??= {};
  if (!isObject(artifact['args'])) throw invalidAt(file, 'args', 'an object', artifact['args']);
}

function checkEntry(file: ArtifactFile, entry: unknown, index: number): void {
  if (!isObject(entry)) throw invalidAt(file, at('results', index), 'an object', entry);
  const bad = (field: string, wanted: string) =>
    invalidAt(file, `${at('results', index)}.${field}`, wanted, entry[field]);

  for (const field of NULLABLE) entry[field] ??= null;
  if (typeof entry['unique_id'] !== 'string') throw bad('unique_id', 'text');
  if (typeof entry['status'] !== 'string') throw bad('status', 'text');
  if (typeof entry['thread_id'] !== 'string') throw bad('thread_id', 'text');
  if (!isNumber(entry['execution_time'])) throw bad('execution_time', 'a number');
  if (!isObject(entry['adapter_response'])) throw bad('adapter_response', 'an object');
  if (!isTextOrNull(entry['message'])) throw bad('message', 'text or null');
  if (entry['failures'] !== null && !isNumber(entry['failures'])) throw bad('failures', 'a number or null');
  if (!isTextOrNull(entry['relation_name'])) throw bad('relation_name', 'text or null');
  if (!isTextOrNull(entry['compiled_code'])) throw bad('compiled_code', 'text or null');

  const timing = entry['timing'];
  if (!Array.isArray(timing)) throw bad('timing', 'a list');
  for (let i = 0; i < timing.length; i += 1) {
    if (!isTiming(timing[i]))
      throw invalidAt(file, at(`${at('results', index)}.timing`, i), TIMING, timing[i]);
  }
}

const TIMING = 'an object with a name and the times started_at and completed_at';

function isTiming(value: unknown): boolean {
  if (!isObject(value) || typeof value['name'] !== 'string') return false;
  value['started_at'] ??= null;
  value['completed_at'] ??= null;
  return isTextOrNull(value['started_at']) && isTextOrNull(value['completed_at']);
}

function isTextOrNull(value: unknown): boolean {
  return value === null || typeof value === 'string';
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value);
}
