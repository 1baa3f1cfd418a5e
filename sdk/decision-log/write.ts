import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DbtRunCacheError } from '../errors.ts';
import type { RunReport } from '../result.ts';
import { decisionLogRecords } from './records.ts';

export const DECISION_LOG_FILE = 'dbt_runcache_decisions.jsonl';

const PIECE_CHARS = 1 << 16;

/** Where the decision log of the last run in a target folder lies. */
export function decisionLogPathIn(targetPath: string): string {
  return join(targetPath, DECISION_LOG_FILE);
}

/**
 * Writes a run's decisions beside dbt's artifacts, one JSON object a line, whole or not at all.
 * @throws DbtRunCacheError `report-unwritable`.
 */
export async function writeDecisionLog(targetPath: string, report: RunReport): Promise<string> {
  const path = decisionLogPathIn(targetPath);
  const draft = `${path}.${process.pid}.tmp`;
  try {
    await mkdir(targetPath, { recursive: true });
    const file = await open(draft, 'w');
    try {
      // A large project's log never stands in memory as a whole.
      for (const piece of decisionLogPieces(report)) await file.appendFile(piece);
    } finally {
      await file.close();
    }
    await rename(draft, path);
    return path;
  } catch (cause) {
    await rm(draft, { force: true }).catch(() => undefined);
    const reason = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new DbtRunCacheError(`The decision log could not be written to ${path}: ${reason}`, {
      code: 'report-unwritable',
      hint: 'Make the target folder writable, or choose another with --target-path.',
      cause,
    });
  }
}

/** The file's content, in order, in pieces of whole lines. */
export function* decisionLogPieces(report: RunReport): Generator<string, undefined> {
  let piece = '';
  for (const record of decisionLogRecords(report)) {
    piece += `${asLine(record)}\n`;
    if (piece.length < PIECE_CHARS) continue;
    yield piece;
    piece = '';
  }
  yield piece;
  return undefined;
}

/** JSON allows these inside a string as they are, and many readers take them for the end of a line. */
function asLine(record: object): string {
  return JSON.stringify(record).replace(
    /[\u0085\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
