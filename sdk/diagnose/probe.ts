import { join } from 'node:path';
import { Writable } from 'node:stream';
import { STATE_FIXES } from '../decisions/state-fixes.ts';
import { DbtRunCacheError } from '../errors.ts';
import type { ResolvedOptions, RunOptions } from '../options.ts';
import type { EngineKind } from '../plan/engine-kind.ts';
import type { FailedRun, RunResult } from '../result.ts';
import { runDbt } from '../run-dbt.ts';
import type { FallbackFacts, ServiceFacts, Step } from './facts.ts';
import { troublesIn } from './trouble-checks.ts';

/** One run of the user's own dbt that builds nothing, in folders of its own. */
export interface ProbeRequest {
  readonly engine: EngineKind;
  readonly adapterType: string | undefined;
  /** Options of dbt for a probe, without a command. */
  readonly args: readonly string[];
  /** With the environment for a probe. */
  readonly options: ResolvedOptions;
  readonly timeoutMs: number;
  /** A private folder, for the artifacts and logs of the probes. */
  readonly folder: string;
}

const QUERY = 'select 1 as answer';
const POSTGRES_QUERY = "select current_setting('track_commit_timestamp') as track_commit_timestamp";

/** Whether dbt works with State switched off: it reads the project, and a query reaches the warehouse. */
export async function probeFallback(request: ProbeRequest): Promise<Step<FallbackFacts>> {
  const query = request.adapterType === 'postgres' ? POSTGRES_QUERY : QUERY;
  const args = ['--inline', query, '--output', 'json', '--limit', '1'];
  // The one option that says the opposite.
  const off = { ...request, args: request.args.filter((arg) => arg !== '--manage-state') };
  const { result, lines } = await runProbe(off, 'show', args, { runCache: 'disabled' });
  if (result.outcome === 'failed') return notDone(result, request);
  const row = lines.flatMap(rowsOf)[0];
  if (row === undefined) {
    const fix = 'See what `dbt show --inline "select 1"` prints.';
    return {
      kind: 'left-out',
      why: 'dbt ended without an error, and showed no answer of the warehouse',
      fix,
    };
  }
  const setting = row['track_commit_timestamp'];
  const value = {
    seenIn: 'probe',
    ms: result.wallMs,
    ...(typeof setting === 'string' && { trackCommitTimestamp: setting }),
  } as const;
  return { kind: 'found', value };
}

/**
 * Whether State logs in and its service accepts this client: compiling one query makes State do both, and neither
 * decide nor build anything.
 */
export async function probeService(request: ProbeRequest): Promise<Step<ServiceFacts>> {
  const { env } = request.options;
  // In CI no browser opens for a login.
  const { result, lines } = await runProbe(request, 'compile', ['--inline', QUERY], {
    env: { ...env, CI: env['CI'] ?? 'true' },
  });
  const troubles = troublesIn(result.state);
  if (result.outcome === 'failed' && troubles.length === 0) {
    return result.failure.code === 'timed-out'
      ? {
          kind: 'failed',
          why: `With dbt State as it is set, dbt did not end within ${request.timeoutMs / 1000} s; without it, it did`,
          fix: STATE_FIXES['service-unreachable'],
        }
      : notDone(result, request);
  }
  return { kind: 'found', value: { ms: result.wallMs, troubles, announced: lines.some(saysEnabled) } };
}

type JsonLine = {
  readonly info?: { readonly name?: unknown; readonly msg?: unknown };
  readonly data?: Readonly<Record<string, unknown>>;
};

async function runProbe(
  { args, options, timeoutMs, folder }: ProbeRequest,
  command: string,
  probeArgs: readonly string[],
  changed: Pick<RunOptions, 'env' | 'runCache'>,
): Promise<{ readonly result: RunResult; readonly lines: readonly JsonLine[] }> {
  const output = keepText();
  const run = runDbt(
    [
      ...[command, ...args, ...probeArgs, '--log-format', 'json'],
      ...['--target-path', join(folder, 'target'), '--log-path', join(folder, 'logs')],
    ],
    {
      cwd: options.cwd,
      env: options.env,
      dbt: options.dbt,
      redact: options.redact,
      cancelSignal: options.cancelSignal,
      handleSignals: options.handleSignals,
      timeout: timeoutMs,
      output: { stdout: output.stream, stderr: nowhere() },
      report: false,
      reject: false,
      ...changed,
    },
  );
  const result = await run;
  if (result.outcome === 'failed' && result.failure.code === 'cancelled') {
    throw new DbtRunCacheError('The diagnosis was cancelled', { code: 'cancelled' });
  }
  return { result, lines: output.text().split('\n').flatMap(readLine) };
}

function notDone({ failure, decisions }: FailedRun, { timeoutMs }: ProbeRequest): Step<never> {
  if (failure.code === 'timed-out') {
    return {
      kind: 'failed',
      why: `dbt did not end within ${timeoutMs / 1000} s`,
      fix: 'See what it waits for: run `dbt debug`. A large project may need a longer `--timeout`.',
    };
  }
  // dbt's words are not on the screen here, so that "read what it printed" would not help.
  const isOfDbt = failure.code === 'dbt-failed' || failure.code === 'nodes-failed';
  const printed = lastWords(failure.outputTail);
  // Where the query failed, the run's message only counts it.
  const ofQuery = decisions.find(({ failed }) => failed)?.message?.trim();
  return {
    kind: 'failed',
    why:
      ofQuery ||
      (printed === '' || failure.message.includes(printed)
        ? failure.message
        : `${failure.message}: ${printed}`),
    fix: (isOfDbt ? undefined : failure.hint) ?? 'Run `dbt debug`, and correct what it names.',
  };
}

/** The end of what dbt printed, its events apart: of those, the message tells. */
function lastWords(outputTail = ''): string {
  const lines = outputTail.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('{'));
  return lines.slice(-3).join(' ').slice(-400);
}

const KEPT_CHARS = 8 << 20;

function keepText(): { readonly stream: Writable; text(): string } {
  const kept: string[] = [];
  let length = 0;
  const stream = new Writable({
    decodeStrings: true,
    write: (chunk: Buffer, _encoding, done) => {
      if (length < KEPT_CHARS) kept.push(chunk.toString('utf8'));
      length += chunk.length;
      done();
    },
  });
  return { stream, text: () => kept.join('') };
}

function nowhere(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}

function readLine(line: string): JsonLine[] {
  if (!line.startsWith('{')) return [];
  try {
    return [JSON.parse(line) as JsonLine];
  } catch {
    return [];
  }
}

/** What `dbt show` found. */
function rowsOf({ info, data }: JsonLine): Readonly<Record<string, unknown>>[] {
  const preview = data?.['preview'];
  if (info?.name !== 'ShowNode' || typeof preview !== 'string') return [];
  try {
    const rows: unknown = JSON.parse(preview);
    return Array.isArray(rows) ? rows.filter((row) => typeof row === 'object' && row !== null) : [];
  } catch {
    return [];
  }
}

function saysEnabled({ info, data }: JsonLine): boolean {
  const ofPlugin = data?.['name'] === 'State' || data?.['name'] === 'RunCache';
  const text = typeof info?.msg === 'string' ? info.msg : '';
  return ofPlugin ? / is enabled$/.test(text) : text.startsWith('dbt State is enabled');
}
