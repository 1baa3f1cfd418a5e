import { readdir, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { homeOf } from '../plan/profiles-dir.ts';
import type { StateSetting } from '../plan/state/setting.ts';

/** That of the plugin; that of dbt v2 and of the older plugin. */
const FOLDERS = ['state', 'run_cache'];
const MAX_BYTES = 256 << 20;

export interface DecisionLogFile {
  readonly path: string;
  readonly text: string;
}

/**
 * Finds the log that dbt State (its plugin, or dbt v2) wrote during this run: the one that was begun after the run was.
 * Of several, which may be other runs', none is taken.
 * @param logPath dbt's log folder, absolute.
 * @param cwd The folder dbt runs in.
 * @param settings What the user has set for State, from wherever it was set.
 */
export async function findDecisionLog(request: {
  readonly logPath: string;
  readonly cwd: string;
  /** The child's. */
  readonly env: Readonly<Record<string, string>>;
  readonly settings: readonly StateSetting[];
  readonly startedAt: Date;
}): Promise<DecisionLogFile | undefined> {
  const { cwd, env } = request;
  const override = setting(request, 'LOG_DIR_OVERRIDE')?.replace(/^~(?=\/|$)/, () => homeOf({ cwd, env }));
  const prefix = setting(request, 'LOG_PREFIX') ?? 'responses_';
  const folders =
    override === undefined
      ? FOLDERS.map((name) => join(request.logPath, name))
      : [resolve(request.cwd, override)];
  const candidates = (await Promise.all(folders.map((folder) => logsIn(folder, prefix)))).flat();
  const found: DecisionLogFile[] = [];
  for (const { path, modifiedMs, size } of candidates) {
    if (modifiedMs < request.startedAt.getTime()) continue;
    // One that is not read may be this run's, and another that is may not.
    if (size > MAX_BYTES) return undefined;
    const text = await readFile(path, 'utf8').catch(() => '');
    if (beganAfter(text, request.startedAt)) found.push({ path, text });
    if (found.length > 1) return undefined;
  }
  return found[0];
}

/** A secret is shown as such among the settings; its variable has the value. */
function setting(
  { settings, env }: { settings: readonly StateSetting[]; env: Readonly<Record<string, string>> },
  field: string,
): string | undefined {
  const decides = settings.find((one) => one.field === field && one.ignored === undefined);
  if (decides === undefined) return undefined;
  const { source } = decides;
  const value = (source.kind === 'environment' ? env[source.name] : undefined) ?? decides.value;
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
