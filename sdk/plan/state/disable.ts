import { DbtRunCacheError } from '../../errors.ts';
import type { EngineKind } from '../engine-kind.ts';
import { words } from './switches.ts';

const MANAGE_STATE = 'DBT_ENGINE_MANAGE_STATE';
const DISABLED = 'RUN_CACHE_DISABLED';

/** What the report names as the cause. */
export const DISABLED_BY = 'run-cache: disabled';

export interface DisableInput {
  readonly engine: EngineKind;
  /** The child's environment. */
  readonly env: Readonly<Record<string, string>>;
  /** The names a `.env` file sets that dbt will load. */
  readonly namesInDotEnv: ReadonlySet<string>;
  readonly args: readonly string[];
  readonly platform?: NodeJS.Platform | undefined;
}

/**
 * The child's environment with dbt State switched off by what its engine obeys, and nothing else changed.
 *
 * The plugin of dbt Core, in all its releases, obeys RUN_CACHE_DISABLED unless DBT_ENGINE_MANAGE_STATE is there. So the
 * latter is taken away rather than set, since dbt Core warns of names it does not know; only where a `.env` file would
 * bring it back is it set to `false`. dbt v2 reads DBT_ENGINE_MANAGE_STATE alone, which outranks all YAML that
 * switches State on; only `--manage-state` outranks it.
 * @throws DbtRunCacheError `invalid-options` where `--manage-state` in dbt's arguments says the opposite.
 */
export function withStateDisabled(input: DisableInput): Record<string, string> {
  if (input.engine === 'fusion') {
    const given = words(input.args);
    if (given.includes('--manage-state') && !given.includes('--no-manage-state')) {
      throw new DbtRunCacheError("options: runCache: 'disabled' and --manage-state exclude each other", {
        code: 'invalid-options',
        hint: 'Leave out one of the two.',
      });
    }
    return { ...without(input, [MANAGE_STATE]), [MANAGE_STATE]: 'false' };
  }
  const env = { ...without(input, [MANAGE_STATE, DISABLED]), [DISABLED]: 'true' };
  // Whatever the file says, what is set already stays.
  return input.namesInDotEnv.has(MANAGE_STATE) ? { ...env, [MANAGE_STATE]: 'false' } : env;
}

function without({ env, platform }: DisableInput, names: readonly string[]): Record<string, string> {
  const isSame = (platform ?? process.platform) === 'win32';
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !names.includes(isSame ? name.toUpperCase() : name)),
  );
}
