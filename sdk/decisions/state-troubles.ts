import type { StateProblem } from './decision.ts';
import { renderStateMessage, type StateFact, type StateMessage } from './state-facts.ts';

const UNREACHABLE =
  /failed to connect|connection refused|connect error|dns error|transport error|error sending request|deadline exceeded|max retries exceeded|failed to resolve|name or service not known|name resolution|temporary failure|timed out|unavailable|network is unreachable|certificate_?\s?verify|handshake failed/i;

/** Whether a message of the plugin means that nobody answered, as opposed to somebody declining. */
export function soundsUnreachable(words: string): boolean {
  return UNREACHABLE.test(words);
}

const ORGANIZATION =
  /multiple organizations|access to the requested organization|determine the account ID|organization .*has been disabled/i;

/** Why dbt State could not log in, by the words of the plugin or of dbt v2. */
export function loginProblem(words: string): StateProblem {
  if (words.includes('No credentials for dbt State detected')) return 'no-credentials';
  if (soundsUnreachable(words)) return 'service-unreachable';
  if (ORGANIZATION.test(words)) return 'organization-refused';
  if (/platform token|authentication token/i.test(words)) return 'login-failed';
  if (/client credentials|invalid_client/i.test(words)) return 'bad-credentials';
  return 'login-failed';
}

/** Messages about one node, by the place of its unique id or its name among the arguments. */
const ABOUT_NODES: readonly { readonly base: RegExp; readonly id?: number; readonly name?: number }[] = [
  {
    base: /^(?:execute|compile|generate_runtime_model_context|build_test_run_result): .* failed for node \{\}/,
    id: 0,
  },
  { base: /^execute: could not resolve microbatch window for node \{\}/, id: 0 },
  {
    base: /^(?:Unexpected dbt State response type|(?:Unexpected error|Error) processing dbt State response|Error confirming execution|Failed to parse SQL) for test '\{\}'/,
    id: 0,
  },
  { base: /^(?:Error|Runtime error|Data validation error) preparing enriched SQL for \{\} '\{\}'/, name: 1 },
  { base: /^Failed to parse compiled SQL for \{\} '\{\}'/, name: 1 },
  { base: /^Error preparing values request for seed '\{\}'/, name: 0 },
];

/** What a warning or error of the plugin, or of dbt v2 about State, means. */
export function readStateTrouble(message: StateMessage): StateFact {
  const { base, args } = message;
  const words = renderStateMessage(message);
  if (base.startsWith('No credentials for dbt State detected')) return off('no-credentials');
  if (base.startsWith('dbt State disabled: target type ')) return off('adapter-unsupported');
  if (base.startsWith('dbt State disabled: ')) {
    const problem = loginProblem(words);
    return off(problem === 'login-failed' && !/token|authenticat/i.test(words) ? 'declined' : problem);
  }
  if (args.length === 0 && isOfFusion(words)) return troubleOfFusion(words);

  const problem = problemOf(words);
  if (base.startsWith('Failed to validate client version')) {
    return trouble(problem === 'service-errors' ? 'version-check-failed' : problem);
  }
  for (const known of ABOUT_NODES) {
    if (!known.base.test(base)) continue;
    const id = known.id === undefined ? undefined : args[known.id];
    const name = known.name === undefined ? undefined : args[known.name];
    if (id !== undefined) return { ...trouble(problem), byId: id };
    if (name !== undefined) return { ...trouble(problem), byName: name };
  }
  if (base.includes('Continuing without state') || problem === 'commit-timestamps-off')
    return trouble(problem);
  return { kind: 'remark' };
}

function problemOf(words: string): StateProblem {
  if (words.includes('could not get commit timestamp data')) return 'commit-timestamps-off';
  return soundsUnreachable(words) ? 'service-unreachable' : 'service-errors';
}

/** dbt v2 renders its texts itself, and ends each with how it goes on. */
function isOfFusion(words: string): boolean {
  return (
    /^dbt State (?:service|client) /.test(words) &&
    /; (?:executing normally|command remains successful)$/.test(words)
  );
}

const FUSION_NODE = /^dbt State service .*? for node ([^\s:;,]+)/;

function troubleOfFusion(words: string): StateFact {
  if (/ does not support this client version/.test(words)) return off('client-version-refused');
  if (/ config failed: /.test(words)) return off('declined');
  if (/ client initialization failed: /.test(words)) return off(loginProblem(words));
  if (/ client validation failed: /.test(words)) {
    const problem = problemOf(words);
    return off(problem === 'service-errors' ? 'version-check-failed' : problem);
  }
  if (/ validation was skipped/.test(words)) return off('version-check-failed');
  const byId = FUSION_NODE.exec(words)?.[1];
  return byId === undefined ? trouble(problemOf(words)) : { ...trouble(problemOf(words)), byId };
}

type Trouble = Extract<StateFact, { kind: 'trouble' }>;

function trouble(problem: StateProblem): Trouble {
  return { kind: 'trouble', problem, off: false };
}

function off(problem: StateProblem): Trouble {
  return { kind: 'trouble', problem, off: true };
}
