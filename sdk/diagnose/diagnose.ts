import { DbtRunCacheError } from '../errors.ts';
import { type ResolvedOptions, type RunOptions, resolveOptions } from '../options.ts';
import { envSecrets } from '../plan/environment.ts';
import { inPrivateFolder } from '../runtimes/private-folder.ts';
import { plainText } from '../util/plain-text.ts';
import { createRedactor } from '../util/redact.ts';
import { checklist } from './checklist.ts';
import { cleaned } from './cleaned.ts';
import type { CheckCode, Diagnosis } from './diagnosis.ts';
import type { DiagnosisFacts, Step } from './facts.ts';
import { type LookedUp, lookUp } from './look-up.ts';
import { type ProbeRequest, probeFallback, probeService } from './probe.ts';
import { probeArguments } from './probe-arguments.ts';
import { probeEnvironment } from './probe-environment.ts';
import { isSwitchedOn } from './settings-checks.ts';

/** Options of `diagnose()`; those it shares with `runDbt()` mean the same. */
export interface DiagnoseOptions
  extends Pick<RunOptions, 'cwd' | 'env' | 'dbt' | 'runCache' | 'redact' | 'cancelSignal' | 'handleSignals'> {
  /**
   * Options of dbt as a run would have them, without a command, e.g. `['--target', 'prod']`. All of them count for what
   * is looked up; dbt itself is started with those alone that say where it works and whether with State. Default: none.
   */
  readonly args?: readonly string[] | undefined;
  /**
   * Whether dbt itself is started, twice, to see that it works without dbt State and that State can log in. Nothing
   * is built or uploaded, and nothing is written to the project's folders; only DuckDB makes a database file that is
   * not there yet, empty, when it is asked something. Default true.
   */
  readonly probe?: boolean | undefined;
  /** Milliseconds one of these starts may take. Default 120 000. */
  readonly timeout?: number | undefined;
}

const SHARED = ['cwd', 'env', 'dbt', 'runCache', 'redact', 'cancelSignal', 'handleSignals'];
const NAMES = [...SHARED, 'args', 'probe', 'timeout'];
const TIMEOUT_MS = 120_000;

/**
 * Fills in the operator's checklist: whether dbt, its project and dbt State (Run Cache) are set up to work together,
 * and for whatever is not, the line that fixes it. What is missing or broken is a check that failed, never an error.
 *
 * The hosted service is never called by this package, only by dbt itself in a probe.
 * @throws DbtRunCacheError `invalid-options`; `cancelled`.
 *
 * @example
 * ```ts
 * const { status, checks } = await diagnose({ args: ['--target', 'prod'] });
 * for (const { code, fix } of checks.filter((check) => check.status === 'fail')) console.log(code, fix);
 * ```
 */
export async function diagnose(given: DiagnoseOptions = {}): Promise<Diagnosis> {
  const { args, probe, options, timeoutMs } = resolve(given);
  const secrets = [...options.redact, ...envSecrets(options.env)];
  const cleaner = (all: readonly string[]) => {
    const redactor = createRedactor(all);
    return (text: string): string => redactor.text(plainText(text));
  };
  // As for a build: that is what must work.
  const found = await lookUp(['build', ...args], options, cleaner(secrets));
  const facts = { ...found.facts, ...(await probes(found, { args, probe, options, timeoutMs })) };
  const diagnosis = cleaned(checklist(facts, new Date()), cleaner([...secrets, ...found.secrets]));
  return createRedactor(options.redact).deep(diagnosis);
}

interface Resolved {
  readonly args: readonly string[];
  readonly probe: boolean;
  readonly options: ResolvedOptions;
  readonly timeoutMs: number;
}

function resolve(given: DiagnoseOptions): Resolved {
  const { args = [], probe = true, ...shared } = given;
  const stranger = Object.keys(given).find((name) => !NAMES.includes(name));
  if (stranger !== undefined)
    throw invalid(`No such option: ${stranger}`, `Known options: ${NAMES.join(', ')}.`);
  if (typeof probe !== 'boolean')
    throw invalid('options.probe must be true or false', 'Give one of the two.');
  if (!Array.isArray(args)) {
    throw invalid(
      "options.args must be a list: ['--target', 'prod']",
      'Give each word as an item of its own.',
    );
  }
  const first = args[0];
  if (typeof first === 'string' && !first.startsWith('-')) {
    throw invalid(
      `options.args begins with "${first}", which is no option of dbt`,
      'Give the options without a command, e.g. --target prod.',
    );
  }
  const { options } = resolveOptions(['build', ...args], shared);
  return { args, probe, options, timeoutMs: options.timeoutMs ?? TIMEOUT_MS };
}

function invalid(message: string, hint: string): DbtRunCacheError {
  return new DbtRunCacheError(message, { code: 'invalid-options', hint });
}

type Probes = Required<Pick<DiagnosisFacts, 'fallback' | 'service'>>;

async function probes(found: LookedUp, { args, probe, options, timeoutMs }: Resolved): Promise<Probes> {
  const { facts, project } = found;
  if (!probe) {
    const out: Step<never> = {
      kind: 'left-out',
      why: 'dbt was not started to see it',
      fix: 'Diagnose with probes.',
    };
    return { fallback: out, service: out };
  }
  const blocked = firstFailed(facts);
  if (blocked !== undefined || facts.engine?.kind !== 'found' || project === undefined) {
    const by: Step<never> = { kind: 'blocked', by: blocked ?? 'project-found' };
    return { fallback: by, service: by };
  }
  const { kind, adapterType, dbtVersion } = facts.engine.value;
  return inPrivateFolder(project.targetPath, async (folder) => {
    const env = await probeEnvironment({ cwd: options.cwd, env: options.env, dbtVersion, folder });
    const request: ProbeRequest = {
      ...{ engine: kind, adapterType, timeoutMs, folder },
      args: probeArguments(args, kind),
      options: { ...options, env },
    };
    const fallback = await probeFallback(request);
    return { fallback, service: await serviceStep(found, fallback, request) };
  });
}

/** What keeps dbt from being started at all. */
function firstFailed(facts: DiagnosisFacts): 'dbt-found' | 'project-found' | 'profile-found' | undefined {
  if (facts.engine?.kind === 'failed') return 'dbt-found';
  if (facts.project?.kind === 'failed') return 'project-found';
  return facts.profile?.kind === 'failed' ? 'profile-found' : undefined;
}

async function serviceStep(
  found: LookedUp,
  fallback: Probes['fallback'],
  request: ProbeRequest,
): Promise<Probes['service']> {
  const by = whyNoState(found, request) ?? (fallback.kind === 'found' ? undefined : 'fallback');
  return by === undefined ? probeService(request) : { kind: 'blocked', by };
}

/** The check for which dbt would not use State, or end with an error before it does. */
function whyNoState({ facts, settings }: LookedUp, { engine }: ProbeRequest): CheckCode | undefined {
  if (facts.plugin === null && engine !== 'fusion') return 'plugin-installed';
  if (settings === undefined || settings.problems.length > 0) return 'settings-valid';
  return isSwitchedOn(settings, engine) ? undefined : 'run-cache-enabled';
}
