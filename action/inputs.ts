import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';

export type AnnotationMode = 'all' | 'failures' | 'off';
export type FailOn = 'error' | 'warning' | 'never';

/** The inputs of action.yml, checked. */
export interface ActionInputs {
  /** All of dbt's arguments, beginning with the command. */
  readonly dbtArgs: readonly string[];
  /** Absolute. */
  readonly projectDir: string;
  readonly dbt: string | undefined;
  readonly timeoutMs: number | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly jobSummary: boolean;
  readonly annotations: AnnotationMode;
  readonly failOn: FailOn;
  readonly onTargetBusy: 'fail' | 'wait';
  /** Values of the variables to redact; never shown. */
  readonly redact: readonly string[];
  readonly githubToken: string;
}

/** What is wrong with the inputs, one sentence for each. */
export class InputError extends Error {
  override readonly name = 'InputError';
  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
  }
}

const ANNOTATION_MODES = ['all', 'failures', 'off'] as const;
const ON_TARGET_BUSY = ['fail', 'wait'] as const;
const FAIL_ON = ['error', 'warning', 'never'] as const;
/** Lengths the SDK takes. */
const MAX_LABEL = { name: 128, value: 1024 } as const;

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
      problems.push(`Input ${name} is ${JSON.stringify(shorten(value))}: ${complaint(error)}`);
      return whenBad;
    }
  };

  const command = await read('command', parseCommand, []);
  const extra = await read('args', splitArgs, []);
  const projectDir = await read('project-dir', (value) => existingFolder(workspace, value), workspace);
  const profilesDir = await read('profiles-dir', (value) => flagValue(value, ['--profiles-dir'], extra), '');
  const target = await read('target', (value) => flagValue(value, ['--target', '-t'], extra), '');
  const inputs: ActionInputs = {
    dbtArgs: [
      ...command,
      ...(profilesDir === '' ? [] : ['--profiles-dir', resolve(workspace, profilesDir)]),
      ...(target === '' ? [] : ['--target', target]),
      ...extra,
    ],
    projectDir,
    dbt: await read('dbt', (value) => dbtLocation(workspace, value), undefined),
    timeoutMs: await read('timeout', parseTimeout, undefined),
    labels: await read('labels', parseLabels, {}),
    jobSummary: await read('job-summary', parseBoolean, true),
    annotations: await read('annotations', (value) => oneOf(ANNOTATION_MODES, value, 'all'), 'all'),
    failOn: await read('fail-on', (value) => oneOf(FAIL_ON, value, 'error'), 'error'),
    onTargetBusy: await read('on-target-busy', (value) => oneOf(ON_TARGET_BUSY, value, 'fail'), 'fail'),
    redact: await read('redact-env', (value) => valuesOf(value, env), []),
    githubToken: get('github-token'),
  };
  if (problems.length > 0) throw new InputError(problems);
  return inputs;
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
  if (value === '') return undefined;
  const { parseDuration } = await import('../sdk/index.ts');
  return parseDuration(value);
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

/** Values of the variables named, one a line; one that is not set has none. */
function valuesOf(value: string, env: Readonly<Record<string, string | undefined>>): string[] {
  const names = value
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const bad = names.find((name) => /[\s=,]/.test(name));
  if (bad !== undefined) throw new Error('give names of environment variables, one a line');
  return names.flatMap((name) => env[name] || []);
}

/** A path of the workspace as an absolute one, since dbt starts in project-dir; a command prefix stays as it is. */
function dbtLocation(workspace: string, value: string): string | undefined {
  if (value === '') return undefined;
  // Many a repository has its project in a folder named dbt: the word alone is the dbt on PATH.
  const path = resolve(workspace, value);
  return value !== 'dbt' && existsSync(path) ? path : value;
}

function parseLabels(value: string): Record<string, string> {
  const labels = value.startsWith('{') ? labelsOfJson(value) : labelsOfLines(value);
  for (const [name, text] of Object.entries(labels)) {
    if (name === '' || name.length > MAX_LABEL.name || text.length > MAX_LABEL.value) {
      throw new Error(
        `label ${JSON.stringify(shorten(name))} is out of range: a name takes 1 to ${MAX_LABEL.name} characters, a value ${MAX_LABEL.value}`,
      );
    }
  }
  return labels;
}

function labelsOfLines(value: string): Record<string, string> {
  const lines = value.split(/\r?\n/).filter((line) => line.trim() !== '');
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf('=');
      if (at < 1) throw new Error('give one name=value a line, or a JSON object of strings');
      return [line.slice(0, at).trim(), line.slice(at + 1).trim()];
    }),
  );
}

function labelsOfJson(value: string): Record<string, string> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(value);
  } catch {
    throw new Error(
      'it begins like JSON and is not; give a JSON object of strings, or one name=value a line',
    );
  }
  const entries = Object.entries(parsed as object);
  if (!entries.every((entry): entry is [string, string] => typeof entry[1] === 'string')) {
    throw new Error('every value of the JSON object must be a string');
  }
  return Object.fromEntries(entries);
}

function parseBoolean(value: string): boolean {
  if (value === '' || /^true$/i.test(value)) return true;
  if (/^false$/i.test(value)) return false;
  throw new Error('give true or false');
}

function oneOf<T extends string>(values: readonly T[], value: string, whenEmpty: T): T {
  if (value === '') return whenEmpty;
  const found = values.find((candidate) => candidate === value);
  if (found === undefined) throw new Error(`give one of ${values.join(', ')}`);
  return found;
}

function complaint(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { hint } = error as { hint?: unknown };
  return typeof hint === 'string' ? `${error.message}. ${hint}` : error.message;
}

function shorten(value: string): string {
  return value.length > 100 ? `${value.slice(0, 100)}…` : value;
}
