import { type RunOptions, resolveOptions } from './options.ts';
import { parseCommandLine } from './plan/command-line.ts';
import { findProject } from './plan/project.ts';
import { readReport } from './report.ts';
import type { RunReport } from './result.ts';

/**
 * Reads the report of the last run of the dbt project found from `cwd` upward, in the target folder that the project
 * and the environment name. A run that was given another folder (`--target-path`) has its report there: see
 * {@link readReport}.
 * @returns The report and the target folder it was found in.
 * @throws DbtRunCacheError `project-not-found` or `project-invalid`; else as `readReport()`.
 */
export async function readLastReport(
  from: Pick<RunOptions, 'cwd' | 'env'> = {},
): Promise<{ readonly report: RunReport; readonly targetPath: string }> {
  const { cwd, env } = resolveOptions(['parse'], from).options;
  const { targetPath } = await findProject({ cwd, env, commandLine: parseCommandLine([]) });
  return { report: await readReport(targetPath), targetPath };
}
