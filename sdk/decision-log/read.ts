import { type FileHandle, open, stat } from 'node:fs/promises';
import { DbtRunCacheError } from '../errors.ts';
import type { DecisionLogRecord } from './records.ts';
import { decisionLogPathIn } from './write.ts';

/**
 * Reads a decision log that a run has written, a line at a time: first the `run`, then its `decision`s, last the `end`.
 * @param path The file, or the target folder that holds it.
 * @throws DbtRunCacheError `report-missing`; `artifact-not-json` for a line that is no JSON, or a file that lacks its
 *   end; `artifact-unsupported-version` for a file that is no decision log of this version.
 */
export async function* readDecisionLog(path: string): AsyncGenerator<DecisionLogRecord, undefined> {
  const entry = await stat(path).catch(() => undefined);
  const file = entry?.isDirectory() ? decisionLogPathIn(path) : path;
  const handle = await opened(file);
  let last: DecisionLogRecord | undefined;
  try {
    for await (const line of handle.readLines()) {
      const record = parsed(line, file);
      if (last === undefined) checkFirst(record, file);
      last = record;
      yield record;
    }
  } finally {
    await handle.close();
  }
  if (last?.type !== 'end') throw notWhole(file);
  return undefined;
}

async function opened(file: string): Promise<FileHandle> {
  try {
    return await open(file);
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new DbtRunCacheError(`There is no decision log at ${file}: ${reason}`, {
      code: 'report-missing',
      hint: 'Run dbt through dbt-runcache first, e.g. `dbt-runcache run -- build`, or name the file.',
      cause,
    });
  }
}

function parsed(line: string, file: string): DecisionLogRecord {
  try {
    return JSON.parse(line) as DecisionLogRecord;
  } catch (cause) {
    throw notWhole(file, cause);
  }
}

function notWhole(file: string, cause?: unknown): DbtRunCacheError {
  return new DbtRunCacheError(
    `${file} is not whole: it has a line that is not JSON, or lacks its last line`,
    {
      code: 'artifact-not-json',
      hint: 'Run dbt through dbt-runcache again.',
      cause,
    },
  );
}

function checkFirst(record: DecisionLogRecord, file: string): void {
  // What stands in a file may be anything.
  const { type, schemaVersion } = (record ?? {}) as { type?: unknown; schemaVersion?: unknown };
  if (type === 'run' && schemaVersion === 1) return;
  throw new DbtRunCacheError(`${file} is not a decision log of schema version 1`, {
    code: 'artifact-unsupported-version',
    hint: 'Read it with the version of dbt-runcache that wrote it, or run dbt again.',
  });
}
