import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import type { PartInput } from '../../dedup/key.ts';
import { givenOptions } from '../command-line.ts';
import { parseBoolean } from '../variables.ts';
import type { FingerprintInput } from './key-inputs.ts';
import { STATE_OPTIONS } from './option-kinds.ts';
import { isStateVariable } from './setting-variables.ts';

type Input = Pick<FingerprintInput, 'args' | 'commandLine' | 'cwd' | 'dotEnv' | 'engine' | 'project'>;
type Unknown = Extract<PartInput, { readonly kind: 'unknown' }>;
type Known = { readonly kind: 'known'; readonly items: Record<string, string> };

/** What of a folder with artifacts dbt reads. */
const FILES = ['manifest.json', 'run_results.json', 'sources.json'] as const;

/**
 * The artifacts of earlier runs that the command reads: of the folders that `--state`, `--defer-state` and their
 * variables name, of `retry` the run it repeats, and files of samples. Each by its digest; where it lies does not count.
 */
export async function previousRuns(input: Input): Promise<Known | Unknown> {
  const folders = namedFolders(input);
  const items: Record<string, string> = {};
  for (const { name, path } of folders) {
    const folder = folderOf(path, input);
    if (folder === undefined)
      return unknown(`${name} names a relative folder, and only dbt v2 can tell what it is relative to`);
    const read = await artifactsIn(folder, name, 'manifest.json');
    if (read.kind === 'unknown') return read;
    Object.assign(items, read.items);
  }
  if (input.engine === 'fusion' && folders.length === 0 && defers(input))
    return unknown('dbt v2 defers to a state that no --state names');
  return withOwnResults(input, items, folders.length > 0);
}

/** What lies in the target folder counts for `retry`, and, against a state, the last source freshness. */
async function withOwnResults(
  input: Input,
  items: Record<string, string>,
  hasState: boolean,
): Promise<Known | Unknown> {
  const isRetry = input.commandLine.command === 'retry';
  if (!isRetry && !hasState) return withSamples(input, items);
  if (!input.project.isTargetPathCertain) return unknown('only dbt can tell where its target folder is');
  const { targetPath } = input.project;
  if (isRetry && !hasState) {
    const read = await artifactsIn(targetPath, 'the run to retry', 'run_results.json');
    return read.kind === 'unknown' ? read : withSamples(input, { ...items, ...read.items });
  }
  const digest = await digestOf(join(targetPath, 'sources.json'));
  if (digest.kind === 'unknown') return digest;
  if (digest.kind === 'known') items['target: sources.json'] = digest.digest;
  return withSamples(input, items);
}

/** dbt v2 reads samples from a file. */
async function withSamples(input: Input, items: Record<string, string>): Promise<Known | Unknown> {
  const sample = givenOptions(input.args, input.engine).findLast(({ name }) => name === 'with-sample');
  const file = sample?.values[0];
  if (file !== undefined && file !== 'default') {
    const digest = await digestOf(resolve(input.cwd, file));
    if (digest.kind !== 'known') return unknown(`the file of --with-sample cannot be read`);
    items['--with-sample: file'] = digest.digest;
  }
  return { kind: 'known', items };
}

function namedFolders({ args, engine, dotEnv }: Input): { readonly name: string; readonly path: string }[] {
  const options = givenOptions(args, engine).flatMap(({ name, values: [path] }) =>
    STATE_OPTIONS.has(name) && path !== undefined ? [{ name: `--${name}`, path }] : [],
  );
  const variables = Object.entries(dotEnv.env).flatMap(([typed, path]) => {
    const name = process.platform === 'win32' ? typed.toUpperCase() : typed;
    // To dbt an empty one is none at all.
    return name.startsWith('DBT_') && isStateVariable(name) && path !== undefined && path !== ''
      ? [{ name, path }]
      : [];
  });
  return [...options, ...variables];
}

/** dbt Core takes it from the project's folder. Undefined where that cannot be told. */
function folderOf(path: string, { cwd, engine, project }: Input): string | undefined {
  const folder = resolve(project.dir, path);
  return engine === 'core' || isAbsolute(path) || resolve(cwd, path) === folder ? folder : undefined;
}

function defers({ args, engine, dotEnv }: Input): boolean {
  const flag = givenOptions(args, engine).findLast(({ name }) => name === '--defer' || name === '--no-defer');
  if (flag !== undefined) return flag.name === '--defer';
  return ['DBT_DEFER', 'DBT_ENGINE_DEFER'].some((name) => {
    const value = dotEnv.env[name];
    return value !== undefined && value !== '' && parseBoolean(value) !== false;
  });
}

async function artifactsIn(
  folder: string,
  name: string,
  required: (typeof FILES)[number],
): Promise<Known | Unknown> {
  const items: Record<string, string> = {};
  for (const file of FILES) {
    const digest = await digestOf(join(folder, file));
    if (digest.kind === 'unknown') return digest;
    if (digest.kind === 'known') items[`${name}: ${file}`] = digest.digest;
    else if (file === required) return unknown(`there is no ${file} in the folder of ${name} (${folder})`);
  }
  return { kind: 'known', items };
}

type Digest = { readonly kind: 'known'; readonly digest: string } | { readonly kind: 'absent' } | Unknown;

async function digestOf(path: string): Promise<Digest> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'absent' };
    return unknown(`${path} cannot be read (${code ?? 'unknown reason'})`);
  }
  return { kind: 'known', digest: hash.digest('hex') };
}

function unknown(why: string): Unknown {
  return { kind: 'unknown', why };
}
