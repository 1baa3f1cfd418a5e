import { renderStateMessage, type StateAnswer, type StateFact, type StateMessage } from './state-facts.ts';
import { readStateTrouble } from './state-troubles.ts';

const FIXED = new Map<string, (args: readonly string[]) => StateFact | undefined>([
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
  [
    // The first argument is the start of the token.
    "Failed to exchange dbt platform token '{}' (host: '{}') for a dbt state token: {}",
    (args) => ({ kind: 'login-failed', why: args[2] ?? '' }),
  ],
  [
    'dbt State service disabled by configuration; executing normally',
    () => ({ kind: 'announced', status: 'disabled' }),
  ],
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
  if (message.level === 'info') return announcement(base, args) ?? readiness(base) ?? savings(base);
  if (message.level === 'warn' || message.level === 'error') return readStateTrouble(message);
  return undefined;
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

/** dbt v2 says so only after the service has checked its version. The plugin's `is enabled` comes before any contact. */
function readiness(base: string): StateFact | undefined {
  const endpoint = /^dbt State is enabled \(endpoint ([^\s,)]+)/.exec(base)?.[1];
  return endpoint === undefined ? undefined : { kind: 'ready', endpoint };
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
