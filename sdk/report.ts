import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DbtRunCacheError } from './errors.ts';
import type { RunReport } from './result.ts';

export const REPORT_FILE = 'dbt_runcache_report.json';
const SCHEMA_VERSION = 1;

/** Where the report of the last run in a target folder lies. */
export function reportPathIn(targetPath: string): string {
  return join(targetPath, REPORT_FILE);
}

/**
 * Writes the report beside dbt's artifacts, whole or not at all.
 * @throws DbtRunCacheError `report-unwritable`.
 */
export async function writeReport(targetPath: string, report: RunReport): Promise<string> {
  const path = reportPathIn(targetPath);
  const draft = `${path}.${process.pid}.tmp`;
  try {
    await mkdir(targetPath, { recursive: true });
    await writeFile(draft, `${JSON.stringify(report)}\n`);
    await rename(draft, path);
    return path;
  } catch (cause) {
    await rm(draft, { force: true }).catch(() => undefined);
    throw new DbtRunCacheError(`The report could not be written to ${path}: ${reason(cause)}`, {
      code: 'report-unwritable',
      hint: 'Make the target folder writable, or choose another with --target-path.',
      cause,
    });
  }
}

/**
 * Reads a report that a run has written.
 * @param path The report file, or the target folder that holds it.
 * @throws DbtRunCacheError `report-missing`; `artifact-not-json` or `artifact-unsupported-version` for a file that
 *   is no report of this version.
 */
export async function readReport(path: string): Promise<RunReport> {
  const isFolder = await stat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
  const file = isFolder ? reportPathIn(path) : path;
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new DbtRunCacheError(`There is no run report at ${file}: ${reason(cause)}`, {
      code: 'report-missing',
      hint: 'Run dbt through dbt-runcache first, e.g. `dbt-runcache run -- build`, or name the report file.',
      cause,
    });
  }
  return parseReport(text, file);
}

/**
 * @param where What the text is from, for messages.
 * @throws DbtRunCacheError `artifact-not-json`, `artifact-unsupported-version`.
 */
export function parseReport(text: string, where: string): RunReport {
  let report: unknown;
  try {
    report = JSON.parse(text);
  } catch (cause) {
    throw new DbtRunCacheError(`${where} is not JSON`, {
      code: 'artifact-not-json',
      hint: 'Run dbt through dbt-runcache again.',
      cause,
    });
  }
  if (!isReport(report)) {
    throw new DbtRunCacheError(`${where} is not a run report of schema version ${SCHEMA_VERSION}`, {
      code: 'artifact-unsupported-version',
      hint: 'Read it with the version of dbt-runcache that wrote it, or run dbt again.',
    });
  }
  return report;
}

function isReport(value: unknown): value is RunReport {
  if (typeof value !== 'object' || value === null) return false;
  const report = value as Partial<RunReport>;
  return (
    report.schemaVersion === SCHEMA_VERSION &&
    typeof report.command === 'string' &&
    Array.isArray(report.decisions) &&
    Array.isArray(report.notices) &&
    typeof report.state === 'object' &&
    (report.managedState === undefined || isManagedState(report.managedState))
  );
}

/** As far as `explain()` would stumble over it. */
function isManagedState(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    'environment' in value &&
    typeof value.environment === 'string'
  );
}

function reason(cause: unknown): string {
  return (cause as NodeJS.ErrnoException).code ?? String(cause);
}
