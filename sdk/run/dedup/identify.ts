import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunKey } from '../../dedup/coordinator.ts';
import { deriveKey, type KeyInputs, type PartInput } from '../../dedup/key.ts';
import { CLAIMS, claimName } from '../../dedup/names.ts';
import type { KeyPart } from '../../dedup/record.ts';
import type { DedupSettings } from '../../dedup-settings.ts';
import { needsOf } from '../../plan/dbt-commands.ts';
import { ignoredPaths } from '../../plan/fingerprint/ignored-paths.ts';
import { fingerprint } from '../../plan/fingerprint/key-inputs.ts';
import { hasRunHooks } from '../../plan/fingerprint/run-hooks.ts';
import { targetText } from '../../plan/fingerprint/warehouse-part.ts';
import { type TargetFiles, targetFilesOf } from '../../plan/target-files.ts';
import { askProgram } from '../../runtimes/process.ts';
import { optional } from '../../util/optional.ts';
import type { Plan } from '../make-plan.ts';
import type { RunContext } from '../run-context.ts';
import { packagesToCome } from './packages-to-come.ts';
import { placesOfTarget } from './places.ts';
import { sourceData } from './source-data.ts';

/** Commands whose result is what they leave behind, and follows from their inputs. */
const REPEATABLE = new Set(['build', 'clone', 'compile', 'docs generate', 'run', 'seed', 'snapshot', 'test']);
/**
 * With a given key these as well. Of all others, what they are run for is what they print, or do to this machine's
 * files; or nobody here knows what they do.
 */
const GIVEN_ALSO = new Set(['run-operation', 'source freshness']);
/** Commands that change nothing in the warehouse, unless hooks do. */
const ONLY_READING = new Set([
  ...['clean', 'compile', 'debug', 'deps', 'docs generate', 'docs serve', 'init', 'list', 'parse', 'show'],
  ...['source freshness', 'test'],
]);

/** What a run is to the ledger. */
export interface Identity {
  readonly key:
    | RunKey
    /** A derived key is not to be had; with a given one the run has that. */
    | {
        readonly kind: 'none';
        readonly unknown: readonly { readonly part: string; readonly why: string }[];
        readonly parts: readonly KeyPart[];
      }
    | { readonly kind: 'not-repeatable'; readonly why: string };
  readonly inputs: KeyInputs;
  /** Names the warehouse target; undefined without one, and where it is not known. */
  readonly target: string | undefined;
  /** The places that the target is; see `placesOfTarget()`. */
  readonly targets: readonly string[];
  readonly writes: boolean;
  readonly targetFiles: TargetFiles;
}

/** Names the entry of a key: its digest, hex. */
export function digestOfKey(text: string): string {
  return claimName(text).slice(CLAIMS.length);
}

/**
 * Works out the key of a run. Never fails for what cannot be known: that is a part without a digest.
 * @throws DbtRunCacheError `invalid-options` for a path of `key-ignore` that cannot be meant.
 */
export async function identify(
  run: RunContext,
  plan: Plan,
  settings: Omit<DedupSettings, 'store' | 'policyFor'>,
  ledgerFolder: string | undefined,
): Promise<Identity> {
  const { idempotencyKey } = settings;
  const { commandLine, profile } = plan.inputs;
  const keyIgnore =
    plan.project === undefined ? [] : await ignoredPaths(settings.keyIgnore, plan.project.dir);
  const targetFiles: TargetFiles =
    profile === undefined || plan.project === undefined
      ? { kind: 'none' }
      : targetFilesOf({ profile, cwd: plan.cwd, project: plan.project, engine: plan.engine.kind });
  const writes =
    !ONLY_READING.has(plan.command) ||
    (plan.project !== undefined &&
      (await hasRunHooks({
        args: run.args,
        commandLine,
        cwd: plan.cwd,
        dotEnv: plan.inputs.dotEnv,
        project: plan.project,
        versions: plan.inputs.versions,
      })));
  const isRepeatable =
    REPEATABLE.has(plan.command) || (idempotencyKey !== undefined && GIVEN_ALSO.has(plan.command));
  if (plan.project === undefined || !isRepeatable) {
    const { project } = plan;
    // It may write there all the same, and others must hear of it.
    const target =
      project === undefined || profile === undefined
        ? undefined
        : await targetText({ cwd: plan.cwd, project, profile, engine: plan.engine.kind });
    return {
      key:
        idempotencyKey === undefined || !isRepeatable
          ? { kind: 'not-repeatable', why: notRepeatable(plan.command) }
          : { kind: 'given', text: idempotencyKey, parts: [] },
      inputs: {},
      target,
      targets: target === undefined ? [] : placesOfTarget(target),
      writes,
      targetFiles,
    };
  }
  const data = await dataOf(run, plan, settings);
  const files = targetFiles.kind === 'files' ? targetFiles.paths : [];
  const made = await fingerprint({
    keyKind: idempotencyKey === undefined ? 'derived' : 'given',
    cwd: plan.cwd,
    args: run.args,
    commandLine,
    env: plan.env,
    dotEnv: plan.inputs.dotEnv,
    project: plan.project,
    profile,
    engine: plan.engine.kind,
    versions: plan.inputs.versions,
    sitePackages: plan.inputs.sitePackages,
    enginePart: plan.environment?.enginePart,
    runCache: run.options.runCache,
    stateSettings: plan.stateSettings,
    keyEnv: settings.keyEnv,
    keyIgnore,
    data,
    notInputs: [
      // A store in the project's folder changes with every run.
      ...(ledgerFolder === undefined ? [] : [ledgerFolder]),
      ...run.storeFolders,
      ...files,
      ...(await plainFiles(settings.ownFiles)),
      // What dbt v2 brings with it: its version stands for that.
      join(plan.project.dir, 'dbt_internal_packages'),
    ],
    run: askProgram,
  });
  const { target } = made;
  const inputs = {
    ...withFiles(made.inputs, targetFiles, target),
    ...optional('packages', await packagesToCome(run, plan)),
    ...(idempotencyKey === undefined ? comparedWith(run) : {}),
  };
  const derived = deriveKey(inputs);
  const targets = target === undefined ? [] : placesOfTarget(target);
  const base = { inputs, target, targets, writes, targetFiles };
  if (idempotencyKey !== undefined)
    return { ...base, key: { kind: 'given', text: idempotencyKey, parts: derived.parts } };
  if (derived.kind === 'underivable')
    return { ...base, key: { kind: 'none', unknown: derived.unknown, parts: derived.parts } };
  if (target === undefined && needsOf(commandLine).profile === 'required') {
    const unknown = [{ part: 'warehouse', why: 'only dbt can tell where it writes to' }];
    return { ...base, key: { kind: 'none', unknown, parts: derived.parts } };
  }
  return { ...base, key: { kind: 'derived', text: derived.text, parts: derived.parts } };
}

/** What a slim build builds hangs on it. Only a run that runs dbt looks it up. */
function comparedWith(run: RunContext): KeyInputs {
  if (run.options.state?.isCompared !== true) return {};
  if (!run.hasCompared())
    return {
      'managed-state': { kind: 'unknown', why: 'only a run finds the state it compares itself with' },
    };
  return { 'managed-state': run.comparison()?.part ?? { kind: 'known', items: { state: 'not compared' } } };
}

/** Checkouts with a database file each have a warehouse each, though the path be written alike. */
function withFiles(inputs: KeyInputs, files: TargetFiles, target: string | undefined): KeyInputs {
  const { warehouse } = inputs;
  if (files.kind !== 'files' || target === undefined || warehouse?.kind !== 'known') return inputs;
  return { ...inputs, warehouse: { ...warehouse, items: { ...warehouse.items, files: target } } };
}

function notRepeatable(command: string): string {
  switch (command) {
    case 'retry':
      return 'What dbt retry does depends on the run before it, so no two are the same.';
    case 'source freshness':
      return 'The answer of dbt source freshness changes with the clock.';
    case 'run-operation':
      return 'What a macro called by run-operation does cannot be told from outside.';
    case 'clean':
    case 'debug':
    case 'deps':
    case 'init':
      return `What dbt ${command} does is for this machine, whatever an earlier one did elsewhere.`;
    default:
      return `What dbt ${command} is run for is its output, and that is not kept.`;
  }
}

async function dataOf(
  run: RunContext,
  plan: Plan,
  { data }: Pick<DedupSettings, 'data'>,
): Promise<PartInput | undefined> {
  if (data === undefined) return undefined;
  if (data === 'ignore') return { kind: 'known', items: { ignored: 'true' } };
  if (data === 'sources') return sourceData(run, plan);
  return { kind: 'known', items: { version: data.version } };
}

/** A folder named by mistake must not be left out with all its files. */
async function plainFiles(paths: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(
    paths.map((path) =>
      stat(path).then(
        (stats) => (stats.isDirectory() ? [] : [path]),
        () => [path],
      ),
    ),
  );
  return found.flat();
}
