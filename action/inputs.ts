import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ConfigFile, ConfigKey, StateConfig } from '../sdk/index.ts';
import { LEDGER_KEYS, type LedgerInputs, parseDedup } from './ledger-inputs.ts';
import { STATE_KEYS } from './state-inputs.ts';

/** The inputs of action.yml, checked. Undefined is what was not given: the configuration may say more. */
export interface ActionInputs {
  /** All of dbt's arguments, beginning with the command. */
  readonly dbtArgs: readonly string[];
  /** Absolute. */
  readonly projectDir: string;
  /** Absolute path of the configuration file, or `none`. */
  readonly config: string | undefined;
  readonly dbt: string | undefined;
  readonly runCache: 'inherit' | 'disabled' | undefined;
  readonly requireRunCache: boolean | undefined;
  readonly timeoutMs: number | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly report: boolean | undefined;
  readonly jobSummary: boolean | undefined;
  readonly annotations: 'all' | 'failures' | 'off' | undefined;
  readonly failOn: 'error' | 'warning' | 'never' | undefined;
  readonly onTargetBusy: 'fail' | 'wait' | undefined;
  /** Values of the variables to redact; never shown. */
  readonly redact: readonly string[];
  readonly ledger: LedgerInputs;
  /** Those about production's state. */
  readonly state: StateConfig;
  /** A requirements file or what would stand in one; undefined: dbt is there. */
  readonly install: string | undefined;
  readonly githubToken: string;
}

/** Their values may hold a secret by mistake. */
const NEVER_SHOWN = new Set(['dedup', 'dedup-store', 'state-store', 'data-version']);

/** What is wrong with the inputs, one sentence for each. */
export class InputError extends Error {
  override readonly name = 'InputError';
  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
  }
}

/**
 * Reads and checks every input.
 * @param get Value of an input by its name in action.yml, trimmed; empty when not given.
 * @param workspace Folder that relative paths start from.
 * @param env Where `redact-env` finds its variables.
 * @throws InputError naming each bad input, its value and the valid forms.
 */
export async function readInputs(
  get: (name: string) => string,
  workspace: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ActionInputs> {
  const problems: string[] = [];
  /** The parser's value, or its complaint noted and a value nobody will see. */
  const read = async <T>(name: string, parse: (value: string) => T | Promise<T>, whenBad: T): Promise<T> => {
    const value = get(name);
    try {
      return await parse(value);
    } catch (error) {
      const what = NEVER_SHOWN.has(name) ? 'not valid' : JSON.stringify(shorten(value));
      problems.push(`Input ${name} is ${what}: ${complaint(error)}`);
      return whenBad;
    }
  };

  const command = await read('command', parseCommand, []);
  const extra = await read('args', splitArgs, []);
  const projectDir = await read('project-dir', (value) => existingFolder(workspace, value), workspace);
  const profilesDir = await read('profiles-dir', (value) => flagValue(value, ['--profiles-dir'], extra), '');
  const target = await read('target', (value) => flagValue(value, ['--target', '-t'], extra), '');
  /** A setting that the configuration may have too. */
  const setting = <K extends ConfigKey>(key: K): Promise<ConfigFile[K]> =>
    read(key, (value) => parseSetting(key, value), undefined);
  const inputs: ActionInputs = {
    dbtArgs: [
      ...command,
      ...(profilesDir === '' ? [] : ['--profiles-dir', resolve(workspace, profilesDir)]),
      ...(target === '' ? [] : ['--target', target]),
      ...extra,
    ],
    projectDir,
    config: configPath(workspace, get('config')),
    dbt: await read('dbt', (value) => dbtLocation(workspace, value), undefined),
    runCache: await setting('run-cache'),
    requireRunCache: await setting('require-run-cache'),
    timeoutMs: await read('timeout', parseTimeout, undefined),
    labels: (await setting('labels')) ?? {},
    report: await setting('report'),
    jobSummary: await setting('job-summary'),
    annotations: await setting('annotations'),
    failOn: await setting('fail-on'),
    onTargetBusy: await setting('on-target-busy'),
    redact: ((await setting('redact-env')) ?? []).flatMap((name) => env[name] || []),
    ledger: {
      dedup: await read('dedup', parseDedup, undefined),
      values: await readGiven(LEDGER_KEYS, setting),
    },
    state: await readGiven(STATE_KEYS, setting),
    install: requirementsOf(workspace, get('install')),
    githubToken: get('github-token'),
  };
  if (inputs.install !== undefined && inputs.dbt !== undefined)
    problems.push('Inputs install and dbt exclude each other: install brings a dbt of its own.');
  if (problems.length > 0) throw new InputError(problems);
  return inputs;
}

/** Those of these settings that were given. */
async function readGiven<K extends ConfigKey>(
  keys: readonly K[],
  setting: (key: K) => Promise<ConfigFile[K]>,
): Promise<Pick<ConfigFile, K>> {
  const values = await Promise.all(keys.map(async (key) => [key, await setting(key)] as const));
  return Object.fromEntries(values.filter(([, value]) => value !== undefined)) as Pick<ConfigFile, K>;
}

function parseCommand(value: string): string[] {
  const words = value === '' ? ['build'] : value.split(/\s+/);
  if (words[0] === 'dbt') throw new Error('leave out the word dbt, e.g. build');
  if (!words.every((word) => /^[a-z][a-z-]*$/.test(word))) {
    throw new Error('give a dbt command such as build, run, test or docs generate; its flags belong in args');
  }
  return words;
}

// The SDK is loaded for those who need it: a step that fails on its inputs should do so at once.
async function splitArgs(value: string): Promise<string[]> {
  if (value === '') return [];
  const { splitWords } = await import('../sdk/index.ts');
  return splitWords(value);
}

async function parseTimeout(value: string): Promise<number | undefined> {
  const text = await parseSetting('timeout', value);
  if (text === undefined) return undefined;
  const { parseDuration } = await import('../sdk/index.ts');
  return parseDuration(text);
}

async function parseSetting<K extends ConfigKey>(key: K, value: string): Promise<ConfigFile[K]> {
  if (value === '') return undefined;
  const sdk = await import('../sdk/index.ts');
  return sdk.parseSetting(key, value);
}

function configPath(workspace: string, value: string): string | undefined {
  return value === '' || value === 'none' ? value || undefined : resolve(workspace, value);
}

function existingFolder(workspace: string, value: string): string {
  const path = resolve(workspace, value);
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    throw new Error(`there is no folder ${path}; give one relative to the workspace`);
  }
  return path;
}

/** An input that becomes a flag of dbt's must not stand in args as well: dbt would take the last one silently. */
function flagValue(value: string, flags: readonly string[], args: readonly string[]): string {
  if (value === '') return value;
  const twice = args.find((arg) => flags.some((flag) => isFlag(arg, flag)));
  if (twice !== undefined) throw new Error(`args gives ${twice} too; keep one of the two`);
  return value;
}

/** As a word of its own, as `--target=prod`, and for a short one glued: `-tprod`. */
function isFlag(arg: string, flag: string): boolean {
  return arg === flag || arg.startsWith(flag.startsWith('--') ? `${flag}=` : flag);
}

/** A path of the workspace as an absolute one, since dbt starts in project-dir; a command prefix stays as it is. */
function dbtLocation(workspace: string, value: string): string | undefined {
  if (value === '') return undefined;
  // Many a repository has its project in a folder named dbt: the word alone is the dbt on PATH.
  const path = resolve(workspace, value);
  return value !== 'dbt' && existsSync(path) ? path : value;
}

/** A file of the workspace as an absolute path, since dbt starts in project-dir; specifiers stay as they are. */
function requirementsOf(workspace: string, value: string): string | undefined {
  const path = resolve(workspace, value);
  return value !== '' && existsSync(path) ? path : value || undefined;
}

function complaint(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { hint } = error as { hint?: unknown };
  return typeof hint === 'string' ? `${error.message}. ${hint}` : error.message;
}

function shorten(value: string): string {
  return value.length > 100 ? `${value.slice(0, 100)}…` : value;
}
