import type { StateProblem, StateTrouble } from './decision.ts';
import type { Observations } from './observed.ts';
import { stateFix } from './state-fixes.ts';
import { loginProblem, soundsUnreachable } from './state-troubles.ts';

const LEGACY = /cannot run while the legacy package\(s\)/;
const VERSION = /Client version .* is not supported/;
const LOGIN =
  /^(?:Runtime Error:? )?(?:Error logging in with client credentials|Token has access to multiple organizations|User does not have access to the requested organization|Cannot determine the account ID|No credentials for dbt State detected|Authentication timed out after)/;
/** dbt v2's; with `executing normally` behind it, it goes on. */
const FUSION_LOGIN = /dbt State client validation failed: (?!.*; executing normally)/;

/**
 * Failures of State that end dbt before it looks at any node. They come as dbt's own error, not as a State message.
 * @param outputTail The last lines dbt printed: some failures are told nowhere else.
 */
export function fatalTrouble(
  { mainErrors, state }: Observations,
  outputTail: string | undefined,
): StateTrouble | undefined {
  const lines = [...mainErrors, outputTail ?? ''].flatMap((text) => text.split('\n')).map(withoutClock);
  const saying = (part: RegExp): string | undefined => lines.find((line) => part.test(line));

  const legacy = saying(LEGACY);
  if (legacy !== undefined) return ended('legacy-package', legacy);
  const refused = saying(VERSION);
  if (refused !== undefined) return ended('client-version-refused', refused);
  const login = saying(LOGIN);
  if (login !== undefined) {
    // The plugin blames the credentials too when nobody answered; only its debug message tells the two apart.
    return state.loginFailed !== undefined && soundsUnreachable(state.loginFailed)
      ? ended('service-unreachable', `Client credentials login failed: ${state.loginFailed}`)
      : ended(loginProblem(login), login);
  }
  const validation = saying(FUSION_LOGIN);
  if (validation !== undefined) return ended(loginProblem(validation), validation);
  const crash = mainErrors.map(pluginCrash).find((said) => said !== undefined);
  return crash === undefined ? undefined : ended('declined', crash);
}

function ended(problem: StateProblem, said: string): StateTrouble {
  return { problem, said, fix: stateFix(problem, said), endedRun: true };
}

function withoutClock(line: string): string {
  return line.trim().replace(/^\d\d:\d\d:\d\d\s+/, '');
}

/**
 * The last line of a traceback that ends inside the plugin. Errors of dbt pass through the plugin as well, since it
 * wraps what runs nodes, and so does the signal that stops dbt.
 */
function pluginCrash(text: string): string | undefined {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const innermost = lines.findLast((line) => /^\s*File "/.test(line));
  const said = lines.at(-1)?.trim();
  if (innermost === undefined || said === undefined || said.startsWith('KeyboardInterrupt')) return undefined;
  return /[\\/](dbt_state|dbt_run_cache)[\\/]/.test(innermost) ? said : undefined;
}
