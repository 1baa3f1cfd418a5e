import { readdir, readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** In the plugin's own order: the first one present wins. */
const PREFIXES = ['DBT_ENGINE_STATE_', 'DBT_ENV_SECRET_STATE_', 'RUN_CACHE_', 'DBT_RUN_CACHE_'];
/** That of the plugin; that of dbt v2 and of the older plugin. */
const FOLDERS = ['state', 'run_cache'];
const MAX_BYTES = 256 << 20;

export interface DecisionLogFile {
  readonly path: string;
  readonly text: string;
}

/**
 * Finds the log that dbt State (its plugin, or dbt v2) wrote during this run: the newest one that was begun after the run was.
 * @param logPath dbt's log folder, absolute.
 */
export async function findDecisionLog(request: {
  readonly logPath: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly startedAt: Date;
}): Promise<DecisionLogFile | undefined> {
  const override = setting(request.env, 'LOG_DIR_OVERRIDE');
  const prefix = setting(request.env, 'LOG_PREFIX') ?? 'responses_';
  const folders =
    override === undefined
      ? FOLDERS.map((name) => join(request.logPath, name))
      : [override.replace(/^~(?=\/|$)/, homedir())];
  const candidates = (await Promise.all(folders.map((folder) => logsIn(folder, prefix)))).flat();
  candidates.sort((a, b) => b.modifiedMs - a.modifiedMs);
  for (const { path, modifiedMs, size } of candidates) {
    if (modifiedMs < request.startedAt.getTime() || size > MAX_BYTES) continue;
    const text = await readFile(path, 'utf8').catch(() => '');
    if (beganAfter(text, request.startedAt)) return { path, text };
  }
  return undefined;
}

function setting(env: Readonly<Record<string, string | undefined>>, field: string): string | undefined {
  const name = PREFIXES.map((prefix) => prefix + field).find((candidate) => env[candidate] !== undefined);
  const value = name === undefined ? undefined : env[name];
  return value === '' ? undefined : value;
}

async function logsIn(
  folder: string,
  prefix: string,
): Promise<{ path: string; modifiedMs: number; size: number }[]> {
  const names = await readdir(folder).catch(() => []);
  const logs = await Promise.all(
    names
      .filter((name) => name.startsWith(prefix) && name.endsWith('.jsonl'))
      .map(async (name) => {
        const path = join(folder, name);
        const entry = await stat(path).catch(() => undefined);
        return entry?.isFile() ? [{ path, modifiedMs: entry.mtimeMs, size: entry.size }] : [];
      }),
  );
  return logs.flat();
}

function beganAfter(text: string, startedAt: Date): boolean {
  try {
    const first = JSON.parse(text.slice(0, text.indexOf('\n'))) as Record<string, unknown>;
    const began = first['start_timestamp_utc'];
    if (typeof began !== 'string') return false;
    // A time in whole seconds may seem to lie before a run that began within that second.
    const slackMs = /\d\.\d/.test(began) ? 0 : 999;
    return Date.parse(began) >= startedAt.getTime() - slackMs;
  } catch {
    return false;
  }
}
