import * as z from 'zod';
import type { DedupOptions } from './dedup/dedup-options.ts';
import type { DedupStore } from './dedup/store.ts';
import { DedupSchema, type DedupSettings, resolveDedup } from './dedup-settings.ts';
import { DbtRunCacheError } from './errors.ts';
import type { FolderCache } from './install/environment.ts';
import type { InstallOptions } from './install/install-options.ts';
import type { ParseCacheOptions, StateOptions } from './state-options.ts';
import {
  type ManagedStateSettings,
  ParseCacheSchema,
  resolveState,
  StateSchema,
  storeOf,
} from './state-settings.ts';
import { nearest } from './util/nearest.ts';

/** Where dbt's own output goes: see {@link RunOptions.output}. */
export type OutputMode = 'tee' | 'inherit' | 'silent' | OutputStreams;

/** What decides about dbt State: see {@link RunOptions.runCache}. */
export type RunCacheMode = 'inherit' | 'disabled';

/** Streams that take dbt's stdout and stderr. */
export interface OutputStreams {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
}

/** Which options came from a configuration file or from `DBT_RUNCACHE_*` variables. */
export interface ConfigOrigin {
  /** The configuration file, absolute; absent when there is none. */
  readonly path?: string;
  /** By key, e.g. `timeout` or `labels.tenant`: file and line, or the variable's name. */
  readonly from: Readonly<Record<string, string>>;
}

/**
 * Options of `runDbt()`. Each is validated before anything starts; an unknown or malformed one is an
 * `invalid-options` error that names it.
 */
export interface RunOptions {
  /** Folder to start from; the project is found by walking up to `dbt_project.yml`. Default: the process's. */
  readonly cwd?: string | undefined;
  /** Environment for dbt. Default: the process's. What must not reach project code is taken out of either. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /**
   * Which dbt: the path of an executable, the folder of a virtual environment, or a command prefix such as
   * `uv run dbt` (as a string, split without a shell, or already as a list). Default: `dbt` on PATH.
   */
  readonly dbt?: string | readonly string[] | undefined;
  /** Installs dbt into a virtual environment of its own, and only where it has to run. Not with `dbt`. Default: it is there. */
  readonly install?: InstallOptions | undefined;
  /**
   * What decides about dbt State. `inherit` (default): the user's own environment and YAML; nothing is added.
   * `disabled`: State is switched off for this run, by what the engine in hand obeys.
   */
  readonly runCache?: RunCacheMode | undefined;
  /**
   * Whether a run for which State was not active fails with `run-cache-required`. Commands that never ask State
   * pass. Default false.
   */
  readonly requireRunCache?: boolean | undefined;
  /**
   * What happens to dbt's own output. `tee` (default): written to this process's stdout and stderr byte for byte
   * (values of `redact` starred out) and its end kept for error messages. `inherit`: dbt gets this process's own
   * streams, e.g. a terminal; nothing is kept. `silent`: kept, not shown. Two streams of your own: as `tee`, but into
   * those; they are written to and not ended.
   */
  readonly output?: OutputMode | undefined;
  /**
   * dbt is not safe twice at once on one target folder. `fail` (default): a second run is refused with
   * `target-path-busy`. `wait`: it begins when the first has ended.
   */
  readonly onTargetBusy?: 'fail' | 'wait' | undefined;
  /** Milliseconds until dbt is stopped, start-up and waiting included. Default: none. */
  readonly timeout?: number | undefined;
  /** Stops dbt when aborted: SIGINT, then SIGTERM and SIGKILL as `forceKillAfterDelay` says. */
  readonly cancelSignal?: AbortSignal | undefined;
  /**
   * Milliseconds between the first SIGINT and SIGKILL; SIGTERM comes half-way. Default 6000, since GitHub allows
   * a cancelled job 10 s in all.
   */
  readonly forceKillAfterDelay?: number | undefined;
  /**
   * Whether SIGINT and SIGTERM of this process stop dbt first. Default true; the process then ends as the signal
   * would have ended it only if its owner makes it so.
   */
  readonly handleSignals?: boolean | undefined;
  /** Values never to be shown: replaced by `***` in events, reports, errors and forwarded output. */
  readonly redact?: readonly string[] | undefined;
  /** Carried into every event and the report, e.g. `{ tenant: 'acme', job: 'nightly' }`. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Takes the result of an identical run instead of running again. Default: every run is executed. */
  readonly dedup?: DedupOptions | undefined;
  /** Keeps and finds production's state, and builds what differs from it. Default: neither. */
  readonly state?: StateOptions | undefined;
  /** Keeps what dbt Core has parsed, for machines that begin without it. Default: it is not kept. */
  readonly parseCache?: ParseCacheOptions | undefined;
  /**
   * `auto`: `dbt deps` is run before, unless what is installed certainly is what the lock file says. `never`: packages are
   * the caller's business. Default: `auto` with `install`, else `never`.
   */
  readonly deps?: 'auto' | 'never' | undefined;
  /** Whether the report file is written beside dbt's artifacts. Default true. */
  readonly report?: boolean | undefined;
  /** Shown in the report and nothing else: `withConfig()` fills it in. */
  readonly config?: ConfigOrigin | undefined;
  /** Whether a failed run rejects. Default true. With false the same failure comes back as a value. */
  readonly reject?: boolean | undefined;
}

/** Longest delay Node's timers take. */
const MAX_DELAY_MS = 2_147_483_647;

const Stream = z.custom<NodeJS.WritableStream>(
  (value) => typeof (value as { write?: unknown } | null)?.write === 'function',
  'expected a writable stream',
);

const Cache = z.custom<FolderCache>(
  (value) => typeof (value as { restore?: unknown } | null)?.restore === 'function',
  'expected a cache of folders',
);

const Schema = z.strictObject({
  cwd: z.string().min(1).optional(),
  // A copy: `process.env` is not the plain object that zod wants.
  env: z
    .preprocess(
      (value) =>
        value !== null && typeof value === 'object' && !Array.isArray(value) ? { ...value } : value,
      z.record(z.string(), z.string().optional()),
    )
    .optional(),
  dbt: z.union([z.string().min(1), z.array(z.string().min(1)).min(1).readonly()]).optional(),
  install: z
    .strictObject({
      requirements: z.string().min(1),
      folder: z.string().min(1).optional(),
      cache: Cache.optional(),
    })
    .optional(),
  runCache: z.enum(['inherit', 'disabled']).optional(),
  requireRunCache: z.boolean().optional(),
  output: z
    .union([z.enum(['tee', 'inherit', 'silent']), z.strictObject({ stdout: Stream, stderr: Stream })])
    .optional(),
  onTargetBusy: z.enum(['fail', 'wait']).optional(),
  timeout: z
    .number({
      error: ({ input }) =>
        typeof input === 'string'
          ? `timeout is in milliseconds; parseDuration('${input.slice(0, 40)}') makes them`
          : undefined,
    })
    .int()
    .positive()
    .max(MAX_DELAY_MS)
    .optional(),
  cancelSignal: z.instanceof(AbortSignal).optional(),
  forceKillAfterDelay: z.number().int().min(0).max(MAX_DELAY_MS).optional(),
  handleSignals: z.boolean().optional(),
  redact: z.array(z.string()).readonly().optional(),
  labels: z.record(z.string().min(1).max(128), z.string().max(1024)).optional(),
  dedup: DedupSchema.optional(),
  state: StateSchema.optional(),
  parseCache: ParseCacheSchema.optional(),
  deps: z.enum(['auto', 'never']).optional(),
  report: z.boolean().optional(),
  config: z
    .strictObject({ path: z.string().exactOptional(), from: z.record(z.string(), z.string()) })
    .optional(),
  reject: z.boolean().optional(),
});

/** Options with every default filled in. */
export interface ResolvedOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly dbt: string | readonly string[] | undefined;
  readonly install: InstallOptions | undefined;
  readonly runCache: RunCacheMode;
  readonly requireRunCache: boolean;
  readonly output: OutputMode;
  readonly onTargetBusy: 'fail' | 'wait';
  readonly timeoutMs: number | undefined;
  readonly cancelSignal: AbortSignal | undefined;
  readonly forceKillAfterMs: number;
  readonly handleSignals: boolean;
  readonly redact: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly dedup: DedupSettings | undefined;
  readonly state: ManagedStateSettings | undefined;
  /** Where the parse cache is kept; undefined: nowhere. */
  readonly parseCache: DedupStore | string | undefined;
  /** Undefined: as `install` needs it. */
  readonly deps: 'auto' | 'never' | undefined;
  readonly report: boolean;
  readonly config: ConfigOrigin | undefined;
  readonly reject: boolean;
}

/** dbt's arguments: a non-empty list of strings without NUL, beginning with the command or a global flag. */
const Args = z
  .array(z.string().refine((value) => !value.includes('\0'), 'must not contain a NUL character'))
  .min(1, 'name a dbt command, e.g. ["build"]')
  .readonly();

/**
 * Validates what the caller gave and fills in the defaults. The only reader of `process.env` and `process.cwd()`.
 * @throws DbtRunCacheError `invalid-options`, naming each bad option.
 */
export function resolveOptions(
  args: readonly string[],
  options: RunOptions = {},
): { args: readonly string[]; options: ResolvedOptions } {
  if (!Array.isArray(args)) {
    throw new DbtRunCacheError("args must be a list: runDbt(['build'])", {
      code: 'invalid-options',
      hint: 'Give each word that would follow dbt as an item of its own; splitWords() splits a text.',
    });
  }
  const parsedArgs = Args.safeParse(args);
  if (!parsedArgs.success) throw invalid('args', parsedArgs.error);
  const parsed = Schema.safeParse(options);
  if (!parsed.success) throw invalid('options', parsed.error);
  const given = parsed.data;
  if (given.runCache === 'disabled' && given.requireRunCache === true) {
    throw new DbtRunCacheError("options: runCache: 'disabled' and requireRunCache: true exclude each other", {
      code: 'invalid-options',
      hint: 'Leave out one of the two.',
    });
  }
  if (given.install !== undefined && given.dbt !== undefined) {
    throw new DbtRunCacheError(
      'options: install and dbt exclude each other: install brings a dbt of its own',
      {
        code: 'invalid-options',
        hint: 'Leave out one of the two; a configuration file may give dbt as well.',
      },
    );
  }
  return {
    args: parsedArgs.data,
    options: {
      cwd: given.cwd ?? process.cwd(),
      env: given.env ?? process.env,
      dbt: given.dbt,
      install: given.install,
      runCache: given.runCache ?? 'inherit',
      requireRunCache: given.requireRunCache ?? false,
      output: given.output ?? 'tee',
      onTargetBusy: given.onTargetBusy ?? 'fail',
      timeoutMs: given.timeout,
      cancelSignal: given.cancelSignal,
      forceKillAfterMs: given.forceKillAfterDelay ?? 6000,
      handleSignals: given.handleSignals ?? true,
      redact: given.redact ?? [],
      labels: given.labels ?? {},
      dedup:
        given.dedup === undefined
          ? undefined
          : resolveDedup(given.dedup, { args: parsedArgs.data, env: given.env ?? process.env }),
      state:
        given.state === undefined
          ? undefined
          : resolveState(given.state, { env: given.env ?? process.env, ledger: given.dedup?.store }),
      parseCache:
        given.parseCache === undefined
          ? undefined
          : storeOf('parseCache', given.parseCache.store ?? given.state?.store ?? given.dedup?.store),
      deps: given.deps,
      report: given.report ?? true,
      config: given.config,
      reject: given.reject ?? true,
    },
  };
}

function invalid(what: string, error: z.ZodError): DbtRunCacheError {
  const lines = error.issues.map((issue) => {
    const where = [what, ...issue.path.map(String)].join('.');
    if (issue.code !== 'unrecognized_keys') return `${where}: ${issue.message}`;
    return issue.path.length > 0
      ? `${where}: no such key: ${issue.keys.join(', ')}`
      : issue.keys.map(noSuchOption).join('; ');
  });
  return new DbtRunCacheError(lines.join('; '), {
    code: 'invalid-options',
    hint: `Known options: ${OPTION_NAMES.join(', ')}.`,
  });
}

const OPTION_NAMES: readonly string[] = Object.keys(Schema.shape);

function noSuchOption(name: string): string {
  const meant = nearest(name, OPTION_NAMES);
  return `No such option: ${name}.${meant === undefined ? '' : ` Did you mean ${meant}?`}`;
}
