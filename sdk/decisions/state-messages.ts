import type { StateProblem } from './decision.ts';

/**
 * What the State plugin says in dbt's log. It names its own events `State` (`RunCache` before 2026) and keeps the
 * text apart from its arguments, so both are matched on those and never on the rendered line.
 */
export interface StateMessage {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** The text with `{}` where arguments go. */
  readonly base: string;
  readonly args: readonly string[];
}

/** What a message tells. `byId` names a node by unique id, `byName` by its bare name. */
export type StateFact =
  | { readonly kind: 'announced'; readonly version?: string; readonly status: StateAnnouncement }
  | { readonly kind: 'answer'; readonly answer: StateAnswer; readonly byName: string }
  | { readonly kind: 'explained'; readonly byName: string; readonly text: string }
  | { readonly kind: 'confirmed'; readonly byId: string }
  | { readonly kind: 'clone-failed'; readonly byName: string; readonly why: string }
  | { readonly kind: 'pre-cloned'; readonly source: string; readonly target: string }
  | { readonly kind: 'savings'; readonly nodeMs: number; readonly nodes: number }
  | { readonly kind: 'login-failed'; readonly why: string }
  | {
      readonly kind: 'trouble';
      readonly problem: StateProblem;
      /** State is off for the rest of the run. */
      readonly off: boolean;
      readonly byId?: string;
      readonly byName?: string;
    }
  /** A warning that changes nothing about whether State works. */
  | { readonly kind: 'remark' };

export type StateAnnouncement = 'enabled' | 'installed' | 'disabled';
export type StateAnswer = 'skip' | 'clone' | 'execute';

const FIXED: ReadonlyMap<string, (args: readonly string[]) => StateFact | undefined> = new Map([
  ['Received skip execution response for node {}', (args) => answer('skip', args)],
  ['Received ready to clone response for node {}, request_id: {}', (args) => answer('clone', args)],
  ['Received execute response for node {}, request_id: {}', (args) => answer('execute', args)],
  [
    "Explained state decision for node '{}': {}",
    (args) => ({ kind: 'explained', byName: args[0] ?? '', text: args[1] ?? '' }),
  ],
  ['Confirmed execution for node {}, execution_id: {}', confirmed],
  ['Confirmed execution for test {}, request_id {}', confirmed],
  [
    "Clone failed for node '{}', falling back to full execution: {}",
    (args) => ({ kind: 'clone-failed', byName: args[0] ?? '', why: args[1] ?? '' }),
  ],
  [
    'Cloned table {} into table {}',
    (args) => ({ kind: 'pre-cloned', source: args[0] ?? '', target: args[1] ?? '' }),
  ],
  ['Client credentials login failed: {}', (args) => ({ kind: 'login-failed', why: args[0] ?? '' })],
]);

/** Undefined for what this package has no use for (the plugin talks a lot at debug level). */
export function readStateMessage(message: StateMessage): StateFact | undefined {
  const { base, args } = message;
  const fixed = FIXED.get(base);
  if (fixed !== undefined) return fixed(args);
  // A clone may be given up without a warning, when its source has changed in the meantime.
  if (base.startsWith("Unable to clone node '{}' due to")) {
    return { kind: 'clone-failed', byName: args[0] ?? '', why: renderStateMessage(message) };
  }
  if (message.level === 'info') return announcement(base, args) ?? savings(base);
  if (message.level === 'warn' || message.level === 'error') return trouble(message);
  return undefined;
}

/** The line a person would have read, without the `State adapter: ` in front. */
export function renderStateMessage({ base, args }: StateMessage): string {
  const rest = [...args];
  // One message of the plugin is written for another formatter and keeps a literal %s.
  return base.replace(/\{\}|%s/g, (hole) => rest.shift() ?? hole);
}

function answer(kind: StateAnswer, args: readonly string[]): StateFact | undefined {
  return args[0] === undefined ? undefined : { kind: 'answer', answer: kind, byName: args[0] };
}

function confirmed(args: readonly string[]): StateFact | undefined {
  return args[0] === undefined ? undefined : { kind: 'confirmed', byId: args[0] };
}

function announcement(base: string, args: readonly string[]): StateFact | undefined {
  const match = /^(?:dbt-state|dbt-run-cache|run-cache) v\{\} is (\{\}|\w+)$/.exec(base);
  if (match === null)
    return base === 'dbt State is disabled' ? { kind: 'announced', status: 'disabled' } : undefined;
  const status = match[1] === '{}' ? args[1] : match[1];
  if (status !== 'enabled' && status !== 'installed' && status !== 'disabled') return undefined;
  return args[0] === undefined
    ? { kind: 'announced', status }
    : { kind: 'announced', status, version: args[0] };
}

function savings(base: string): StateFact | undefined {
  const match = /^(?:dbt State|Run Cache|RunCache) saved you (\S+) on (\d+) nodes? in this job\.$/.exec(base);
  if (match?.[1] === undefined || match[2] === undefined) return undefined;
  const nodeMs = durationMs(match[1]);
  return nodeMs === undefined ? undefined : { kind: 'savings', nodeMs, nodes: Number(match[2]) };
}

/** `33.08s`, `2m5s`, `3m`, `1h20m`: the plugin drops what is smaller than its second unit. */
function durationMs(value: string): number | undefined {
  const match = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?$/.exec(value);
  if (match === null || value === '') return undefined;
  const [, hours = '0', minutes = '0', seconds = '0'] = match;
  return Math.round((Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000);
}

const UNREACHABLE =
  /failed to connect|connection refused|deadline exceeded|max retries exceeded|failed to resolve|name or service not known|name resolution|temporary failure|timed out|unavailable|network is unreachable/i;

/** Whether a message of the plugin means that nobody answered, as opposed to somebody declining. */
export function soundsUnreachable(words: string): boolean {
  return UNREACHABLE.test(words);
}

/** Messages about one node, by the place of its unique id or its name among the arguments. */
const ABOUT_NODES: readonly { readonly base: RegExp; readonly id?: number; readonly name?: number }[] = [
  {
    base: /^(?:execute|compile|generate_runtime_model_context|build_test_run_result): .* failed for node \{\}/,
    id: 0,
  },
  { base: /^execute: could not resolve microbatch window for node \{\}/, id: 0 },
  { base: /^(?:Unexpected|Unexpected error processing) dbt State response.* for test '\{\}'/, id: 0 },
  { base: /^(?:Error|Runtime error|Data validation error) preparing enriched SQL for \{\} '\{\}'/, name: 1 },
  { base: /^Failed to parse compiled SQL for \{\} '\{\}'/, name: 1 },
  { base: /^Error preparing values request for seed '\{\}'/, name: 0 },
];

function trouble(message: StateMessage): StateFact {
  const { base, args } = message;
  const words = renderStateMessage(message);
  if (base.startsWith('No credentials for dbt State detected')) {
    return { kind: 'trouble', problem: 'no-credentials', off: true };
  }
  if (base.startsWith('dbt State disabled: target type ')) {
    return { kind: 'trouble', problem: 'adapter-unsupported', off: true };
  }
  if (base.startsWith('dbt State disabled: ')) {
    return {
      kind: 'trouble',
      problem: soundsUnreachable(words) ? 'service-unreachable' : 'declined',
      off: true,
    };
  }
  const problem: StateProblem = words.includes('could not get commit timestamp data')
    ? 'commit-timestamps-off'
    : soundsUnreachable(words)
      ? 'service-unreachable'
      : 'service-errors';
  if (base.startsWith('Failed to validate client version')) return { kind: 'trouble', problem, off: false };
  for (const known of ABOUT_NODES) {
    if (!known.base.test(base)) continue;
    const id = known.id === undefined ? undefined : args[known.id];
    const name = known.name === undefined ? undefined : args[known.name];
    if (id !== undefined) return { kind: 'trouble', problem, off: false, byId: id };
    if (name !== undefined) return { kind: 'trouble', problem, off: false, byName: name };
  }
  if (base.includes('Continuing without state') || problem === 'commit-timestamps-off') {
    return { kind: 'trouble', problem, off: false };
  }
  return { kind: 'remark' };
}
