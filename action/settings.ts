import type { RunOptions } from '../sdk/index.ts';
import type { ActionInputs } from './inputs.ts';

/** What the step is to do, with every default filled in but those of the SDK. */
export interface ActionSettings {
  readonly options: RunOptions;
  readonly jobSummary: boolean;
  readonly annotations: 'all' | 'failures' | 'off';
  readonly failOn: 'error' | 'warning' | 'never';
}

/**
 * The inputs, before the environment, before the configuration file, before the defaults.
 * @param workspace Folder that relative paths of the environment start from.
 * @throws DbtRunCacheError `config-not-found`, `config-invalid`.
 */
export async function settle(
  inputs: ActionInputs,
  workspace: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ActionSettings> {
  const { loadConfig, withConfig } = await import('../sdk/index.ts');
  const config = await loadConfig({ cwd: inputs.projectDir, env, path: inputs.config, base: workspace });
  const { settings } = config;
  return {
    options: withConfig(config, {
      env,
      cwd: inputs.projectDir,
      dbt: inputs.dbt,
      runCache: inputs.runCache,
      requireRunCache: inputs.requireRunCache,
      timeout: inputs.timeoutMs,
      labels: inputs.labels,
      onTargetBusy: inputs.onTargetBusy,
      redact: [...inputs.redact, ...(inputs.githubToken === '' ? [] : [inputs.githubToken])],
      report: inputs.report,
    }),
    jobSummary: inputs.jobSummary ?? settings['job-summary']?.value ?? true,
    annotations: inputs.annotations ?? settings.annotations?.value ?? 'all',
    failOn: inputs.failOn ?? settings['fail-on']?.value ?? 'error',
  };
}
