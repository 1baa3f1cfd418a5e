import type { CallOptions, RunOptions } from '../sdk/index.ts';
import { actionsFolderCache } from './folder-cache.ts';
import { type ActionInputs, InputError } from './inputs.ts';
import { dedupCall, ledgerProblems, ledgerStore } from './ledger-inputs.ts';
import { maySkip } from './may-skip.ts';

/** What the step is to do, with every default filled in but those of the SDK. */
export interface ActionSettings {
  readonly options: RunOptions;
  /** To be said before the run. */
  readonly note: string | undefined;
  /** To be said after it; filled meanwhile. */
  readonly warnings: readonly string[];
  readonly jobSummary: boolean;
  readonly annotations: 'all' | 'failures' | 'off';
  readonly failOn: 'error' | 'warning' | 'never';
}

/**
 * The inputs, before the environment, before the configuration file, before the defaults.
 * @param workspace Folder that relative paths of the environment start from.
 * @throws DbtRunCacheError `config-not-found`, `config-invalid`, `invalid-options`.
 */
export async function settle(
  inputs: ActionInputs,
  workspace: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ActionSettings> {
  const { loadConfig, stateCall, withConfig } = await import('../sdk/index.ts');
  const config = await loadConfig({ cwd: inputs.projectDir, env, path: inputs.config, base: workspace });
  const { settings } = config;
  const configured = settings['dedup-store']?.value;
  const problems = ledgerProblems(inputs.ledger, configured !== undefined && configured !== 'none');
  if (problems.length > 0) throw new InputError(problems);
  const call = await dedupCall(inputs.ledger, configured);
  const warnings: string[] = [];
  const given: CallOptions = {
    env,
    cwd: inputs.projectDir,
    dbt: inputs.dbt,
    // Said after the run: meanwhile the log obeys no command.
    install: installOf(inputs, (trouble) => void warnings.push(trouble)),
    runCache: inputs.runCache,
    requireRunCache: inputs.requireRunCache,
    timeout: inputs.timeoutMs,
    labels: inputs.labels,
    onTargetBusy: inputs.onTargetBusy,
    redact: [...inputs.redact, ...(inputs.githubToken === '' ? [] : [inputs.githubToken])],
    report: inputs.report,
    dedup: call,
    state: stateCall(inputs.state),
    parseCache: inputs.state['parse-cache'],
    deps: inputs.state.deps,
  };
  const options = withConfig(config, given, { stateStore: ledgerStore(inputs.ledger.values, configured) });
  return {
    warnings,
    ...withoutUnsafeSkip(withToken(options, inputs.githubToken), env),
    jobSummary: inputs.jobSummary ?? settings['job-summary']?.value ?? true,
    annotations: inputs.annotations ?? settings.annotations?.value ?? 'all',
    failOn: inputs.failOn ?? settings['fail-on']?.value ?? 'error',
  };
}

/** Environments are kept in the Actions cache, whatever the ledger is. */
function installOf({ install }: ActionInputs, tell: (trouble: string) => void): RunOptions['install'] {
  if (install === undefined) return undefined;
  const cache = actionsFolderCache({ tell });
  return { requirements: install, cache };
}

function withToken(options: RunOptions, githubToken: string): RunOptions {
  if (githubToken === '') return options;
  const { dedup, state } = options;
  return {
    ...options,
    dedup: dedup === undefined ? undefined : { ...dedup, githubToken },
    state: state === undefined ? undefined : { ...state, githubToken },
  };
}

/** A green check without a result would let a pull request be merged before anything is proven. */
function withoutUnsafeSkip(
  options: RunOptions,
  env: Readonly<Record<string, string | undefined>>,
): Pick<ActionSettings, 'options' | 'note'> {
  const { dedup } = options;
  if (dedup?.onInFlight !== 'skip' || maySkip(env)) return { options, note: undefined };
  return {
    options: { ...options, dedup: { ...dedup, onInFlight: 'wait' } },
    note: 'on-in-flight: skip waits here: a pull request may wait for this check, and a skipped run proves nothing.',
  };
}
