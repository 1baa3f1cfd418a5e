import { loadConfig, type RunOptions, withConfig } from '../index.ts';
import type { RunArguments } from './run-arguments.ts';

/** The options of the run: those of the command line, before the environment's, before the configuration file's. */
export async function settleOptions(
  { options, config }: RunArguments,
  from: { readonly cwd: string; readonly env: Readonly<Record<string, string | undefined>> },
): Promise<RunOptions> {
  return withConfig(await loadConfig({ ...from, path: config }), { ...options, env: from.env });
}
