import { copyFile, mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readManifest, readSources } from '../../artifacts/read.ts';
import type { Manifest, SourcesArtifact } from '../../artifacts/types.ts';
import { DbtRunCacheError } from '../../errors.ts';
import { inPrivateFolder } from '../../runtimes/private-folder.ts';
import type { Plan } from '../make-plan.ts';
import type { RunContext } from '../run-context.ts';
import { type QuietEnd, runQuietly } from '../run-quietly.ts';

const PARSED = 'partial_parse.msgpack';

/**
 * The manifest of the project as it is now, by `dbt parse`. What dbt Core has parsed is left in the target folder if there is
 * nothing yet, so that the build need not parse it again.
 * @throws DbtRunCacheError `dbt-failed` with dbt's last words; `artifact-*` for a manifest that cannot be read; what a stop asks for.
 */
export async function parseNow(run: RunContext, plan: Plan): Promise<Manifest> {
  const target = targetOf(plan);
  return inPrivateFolder(target, async (folder) => {
    const end = await runQuietly(run, plan, ['parse', '--write-json'], folder);
    if (end.exitCode !== 0) throw failed(run, 'dbt parse', end);
    const manifest = await readManifest(join(folder, 'target', 'manifest.json'));
    if (plan.engine.kind === 'core') await handOver(join(folder, 'target', PARSED), target);
    return manifest;
  });
}

/**
 * How new the data of the sources is, by `dbt source freshness`. The answer is left in the target folder, where dbt looks for it when
 * it is to select `source_status:fresher`. Stale sources are no failure.
 * @throws DbtRunCacheError `dbt-failed` with dbt's last words where there is no answer: to dbt v2 one source that cannot be asked
 *   is enough. What a stop asks for.
 */
export async function freshNow(run: RunContext, plan: Plan): Promise<SourcesArtifact> {
  const target = targetOf(plan);
  return inPrivateFolder(target, async (folder) => {
    const end = await runQuietly(run, plan, ['source', 'freshness'], folder);
    const written = join(folder, 'target', 'sources.json');
    const sources = await readSources(written).catch((error: unknown) => {
      if (!(error instanceof DbtRunCacheError)) throw error;
      throw failed(run, 'dbt source freshness', end, error);
    });
    await put(written, target, 'sources.json');
    return sources;
  });
}

function targetOf({ project }: Plan): string {
  if (project !== undefined) return project.targetPath;
  throw new DbtRunCacheError('There is no dbt project to compare with a kept state', {
    code: 'project-not-found',
    hint: 'Run in the folder of a dbt project, or name it with --project-dir.',
  });
}

function failed(
  run: RunContext,
  command: string,
  { exitCode, outputTail }: QuietEnd,
  cause?: Error,
): DbtRunCacheError {
  const words = lastWords(run.clean(outputTail));
  return new DbtRunCacheError(
    `${command} failed with exit code ${exitCode ?? 'unknown'}${words === '' ? '' : `: ${words}`}`,
    { code: 'dbt-failed', hint: `Run ${command} yourself, and correct what it names.`, cause },
  );
}

/** dbt v2 prints where in itself an error arose, and a summary. */
const NOISE = /^\s*(?:$|\d+: |at |=+ )|^Finished /;

/** From dbt's first error on, or the end of what it printed. */
function lastWords(output: string): string {
  const lines = output.split('\n').filter((line) => !NOISE.test(line));
  const error = lines.findIndex((line) => /error/i.test(line));
  return (error === -1 ? lines.slice(-3) : lines.slice(error, error + 6)).join(' ').trim().slice(0, 400);
}

/** It only spares time, so that nothing of it can fail a run. */
async function handOver(parsed: string, target: string): Promise<void> {
  const there = await stat(join(target, PARSED)).then(
    () => true,
    () => false,
  );
  if (!there) await put(parsed, target, PARSED).catch(() => undefined);
}

/** Whole or not at all: the private folder may be on another disk. */
async function put(from: string, folder: string, name: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const half = join(folder, `.${name}.${process.pid}`);
  try {
    await copyFile(from, half);
    await rename(half, join(folder, name));
  } finally {
    await rm(half, { force: true });
  }
}
