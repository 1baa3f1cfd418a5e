import { readFileSync } from 'node:fs';
import type { Manifest, RunResults, SourcesArtifact } from '../../../sdk/artifacts/types.ts';
import { type Decided, type DecideInput, decide } from '../../../sdk/decisions/decide.ts';
import type { NodeDecision } from '../../../sdk/decisions/decision.ts';
import { parseDecisionLog } from '../../../sdk/decisions/decision-log.ts';
import { createObservations } from '../../../sdk/decisions/observations.ts';
import type { Observations } from '../../../sdk/decisions/observed.ts';
import type { DbtEvent } from '../../../sdk/runtimes/dbt-event.ts';

const FIXTURES = new URL('../../fixtures/', import.meta.url);

export function fixture(path: string): string {
  return readFileSync(new URL(path, FIXTURES), 'utf8');
}

function optional(path: string): string | undefined {
  try {
    return fixture(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

export function eventsOf(jsonl: string): DbtEvent[] {
  return jsonl
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as DbtEvent);
}

export function observe(events: Iterable<DbtEvent>): Observations {
  const observations = createObservations();
  for (const event of events) observations.add(event);
  return observations.current();
}

/** What the real run of this name left behind: the tap's events, the artifacts, the plugin's log. */
export function recorded(run: string): DecideInput {
  const at = `dbt-core-1.11/runs/${run}`;
  const runResults = optional(`${at}.run_results.json`);
  const sources = optional(`${at}.sources.json`);
  const log = optional(`${at}.decision-log.jsonl`);
  return {
    command: 'build',
    ended: 'finished',
    eventsAvailable: true,
    pluginInstalled: '2.62.3',
    redact: (text) => text,
    manifest: JSON.parse(
      fixture(`dbt-core-1.11/runs/${run.startsWith('duck-') ? 'duck' : 'shop'}.manifest.json`),
    ) as Manifest,
    observations: observe(eventsOf(fixture(`${at}.events.jsonl`))),
    ...(runResults === undefined ? {} : { runResults: JSON.parse(runResults) as RunResults }),
    ...(sources === undefined ? {} : { sources: JSON.parse(sources) as SourcesArtifact }),
    ...(log === undefined ? {} : { decisionLog: parseDecisionLog(log) }),
  };
}

export function decideRecorded(run: string, changes: Partial<DecideInput> = {}): Decided {
  return decide({ ...recorded(run), ...changes });
}

/** The decision about the node of this name. */
export function of(decided: Decided, name: string): NodeDecision {
  const found = decided.decisions.filter((decision) => decision.name === name);
  if (found.length !== 1 || found[0] === undefined) {
    throw new Error(
      `${found.length} decisions for ${name}: ${decided.decisions.map((one) => one.name).join(', ')}`,
    );
  }
  return found[0];
}

/** `action because` of each node by name: reads well in an assertion. */
export function outline(decided: Decided): Record<string, string> {
  return Object.fromEntries(decided.decisions.map((one) => [one.name, `${one.action} ${one.because}`]));
}

let clock = 0;

/** A hand-made event in dbt's shape. */
export function event(
  name: string,
  data: Record<string, unknown> = {},
  info: Record<string, unknown> = {},
): DbtEvent {
  clock += 1;
  return {
    info: {
      name,
      code: '',
      level: 'debug',
      msg: '',
      ts: `2026-01-01T00:00:00.${clock}Z`,
      invocation_id: 'i',
      ...info,
    },
    data,
  };
}

/** What the plugin says, e.g. `said('debug', 'Received execute response for node {}, request_id: {}', ['a', 'r'])`. */
export function said(
  level: 'debug' | 'info' | 'warn',
  base: string,
  args: readonly unknown[] = [],
  thread = 'MainThread',
): DbtEvent {
  const name = { debug: 'AdapterEventDebug', info: 'AdapterEventInfo', warn: 'AdapterEventWarning' }[level];
  return event(name, { name: 'State', base_msg: base, args }, { level, thread });
}

export function nodeInfo(uniqueId: string, materialized = 'table'): Record<string, unknown> {
  const [type, , name] = uniqueId.split('.');
  return { unique_id: uniqueId, node_name: name, resource_type: type, materialized };
}

export function started(uniqueId: string, thread = 'Thread-1', materialized = 'table'): DbtEvent {
  return event('NodeStart', { node_info: nodeInfo(uniqueId, materialized) }, { thread });
}

export function finished(
  uniqueId: string,
  result: Record<string, unknown> = {},
  thread = 'Thread-1',
  materialized = 'table',
): DbtEvent {
  const run_result = {
    status: 'success',
    message: 'SELECT 1',
    adapter_response: { _message: 'SELECT 1', code: 'SELECT' },
    execution_time: 0.5,
    num_failures: 0,
    ...result,
  };
  return event('NodeFinished', { node_info: nodeInfo(uniqueId, materialized), run_result }, { thread });
}
