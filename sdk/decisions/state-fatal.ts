import type { StateProblem, StateTrouble } from './decision.ts';
import { plain } from './json-access.ts';
import type { Observations } from './observed.ts';
import { stateFix } from './state-fixes.ts';
import { loginProblem, soundsUnreachable } from './state-troubles.ts';

const LEGACY = /^(?:dbt-state|dbt-run-cache|run-cache) cannot run while the legacy package\(s\) /;
/** The plugin leaves its text unformatted: dbt prints the pair of it and the version. */
const VERSION = /^(?:\(')?Client version \S+ is not supported\b/;
const LOGIN =
  /^(?:Error logging in with client credentials|Token has access to multiple organizations|User does not have access to the requested organization|Cannot determine the account ID|No credentials for dbt State detected|Authentication timed out after)/;
/** dbt v2's; with `executing normally` behind it, it goes on. */
const FUSION_LOGIN =
  /^(?:\[\w+ \(dbt\d+\)\]:? )?dbt State client validation failed: (?!.*; executing normally)/;

/**
 * Failures of State that end dbt before it looks at any node. They come as dbt's own error, not as a State message.
 * Ask only of a run that ended so: anything may stand in what a run prints.
 * @param outputTail The last lines dbt printed. Read where dbt named no error in its events: some failures are told
 *   nowhere else.
 */
export function fatalTrouble(
  { mainErrors, state }: Observations,
  outputTail: string | undefined,
): StateTrouble | undefined {
  const causes = mainErrors.length > 0 ? mainErrors.map(causeOf) : printedCauses(outputTail ?? '');
  const saying = (part: RegExp): string | undefined => causes.find((cause) => part.test(cause));

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

/** What an error says, without its kind: the first line that is no heading. */
function causeOf(error: string): string {
  const lines = error.split('\n').map((line) => line.trim());
  return lines.find((line) => line !== '' && !/^(?:Encountered an error:|Runtime Error:?)$/.test(line)) ?? '';
}

/** dbt Core prints the error that ended it below a heading of its own; dbt v2 marks the line. */
function printedCauses(outputTail: string): string[] {
  const lines = plain(outputTail).split('\n').map(withoutClock);
  const heading = lines.lastIndexOf('Encountered an error:');
  const core = heading === -1 ? [] : [causeOf(lines.slice(heading).join('\n'))];
  const fusion = lines.flatMap((line) => /^(?:\[error\]|error:) (.*)$/.exec(line)?.[1] ?? []);
  return [...core, ...fusion];
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
