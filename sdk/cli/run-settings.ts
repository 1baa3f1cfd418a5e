import { resolve } from 'node:path';
import { loadConfig, type RunOptions, withConfig } from '../index.ts';
import type { RunArguments } from './run-arguments.ts';

/** The options of the run: those of the command line, before the environment's, before the configuration file's. */
export async function settleOptions(
  { options, config, summaryPath }: RunArguments,
  from: { readonly cwd: string; readonly env: Readonly<Record<string, string | undefined>> },
): Promise<RunOptions> {
  const settled = withConfig(await loadConfig({ ...from, path: config }), { ...options, env: from.env });
  const { dedup } = settled;
  if (dedup === undefined || summaryPath === undefined) return settled;
  // The summary that the last run wrote is no input of this one.
  return { ...settled, dedup: { ...dedup, ownFiles: [resolve(from.cwd, summaryPath)] } };
}
