import type { StateStatus } from '../decisions/decision.ts';
import { STATE_PROBLEMS } from '../explain/wording.ts';
import type { EngineKind } from '../plan/engine-kind.ts';
import { DISABLED_BY } from '../plan/state/disable.ts';
import type { RunFailure } from '../result.ts';

/**
 * The failure of a run that was to have dbt State active; undefined where it was, and where there was nothing to ask
 * it. Not knowing counts as not active.
 */
export function withoutState(state: StateStatus, engine: EngineKind): RunFailure | undefined {
  switch (state.kind) {
    case 'active':
    case 'not-applicable':
      return undefined;
    case 'inactive':
      return failure(STATE_PROBLEMS[state.trouble.problem], state.trouble.fix);
    case 'disabled':
      return failure(
        state.by === undefined ? 'it is switched off' : `it is switched off by ${state.by}`,
        state.by === DISABLED_BY
          ? 'Leave out one of the two: run-cache: disabled, or the requirement.'
          : `Take away ${state.by ?? 'what switches it off'}, or do not require dbt State.`,
      );
    case 'absent':
      return engine === 'fusion'
        ? failure(
            'nothing switches it on',
            'Pass --manage-state to dbt, set DBT_ENGINE_MANAGE_STATE=true, or put manage_state: true under flags in dbt_project.yml.',
          )
        : failure(
            STATE_PROBLEMS['plugin-missing'],
            'Install the plugin into the environment of dbt: pip install dbt-state.',
          );
    case 'unknown':
      return failure(
        `whether it was cannot be told (${state.why})`,
        'Run dbt where this package can read its events: with the dbt of a Python environment, and a temporary folder that can be written.',
      );
  }
}

function failure(cause: string, fix: string): RunFailure {
  return {
    code: 'run-cache-required',
    message: `dbt State was required and was not active: ${cause}`,
    hint: fix,
  };
}
