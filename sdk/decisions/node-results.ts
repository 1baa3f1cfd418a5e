import type {
  Manifest,
  ManifestNode,
  RunResultEntry,
  RunResults,
  SourcesArtifact,
} from '../artifacts/types.ts';
import { given, number, record, text } from './json-access.ts';
import type { FinishedFacts, NodeFacts, Observations } from './observed.ts';
import { onlyStateSays, type ResultWords, type StateVerdict, stateVerdict } from './reasons.ts';
import { BLOCKING } from './upstream.ts';

/** How a node ended, in one form for every source that may tell it. */
export interface NodeResult {
  readonly source: 'run-results' | 'event';
  readonly status: string;
  readonly message?: string;
  readonly adapterMessage?: string;
  /** The adapter's response holds nothing but, perhaps, `_message`. */
  readonly adapterBare: boolean;
  readonly failures?: number;
  readonly rowsAffected?: number;
  readonly executionMs?: number;
  /** Told by an event, whatever the source of the rest. */
  readonly cacheReason?: string;
}

/** Everything known of one node, before any conclusion. */
export interface NodeInput {
  readonly uniqueId: string;
  readonly name: string;
  readonly resourceType: string;
  readonly relationName?: string;
  readonly node?: ManifestNode;
  readonly facts?: NodeFacts;
  /** Absent for a node that has no end. */
  readonly result?: NodeResult;
}

interface Given {
  readonly command: string;
  readonly runResults?: RunResults | undefined;
  readonly manifest?: Manifest | undefined;
  readonly sources?: SourcesArtifact | undefined;
  readonly observations: Observations;
  readonly ended: 'finished' | 'stopped';
}

/**
 * The nodes of the run, each once: those of the artifacts, then those only events know. dbt leaves nodes out of its
 * artifacts when it is stopped, when it crashes, and sources whose freshness could not be queried at all.
 */
export function collectNodes(input: Given): readonly NodeInput[] {
  const { observations } = input;
  const found = new Map<string, NodeInput>();
  const add = (uniqueId: string, result: NodeResult | undefined, entry?: RunResultEntry): void => {
    if (!found.has(uniqueId)) found.set(uniqueId, describe(uniqueId, input, result, entry));
  };
  for (const entry of input.runResults?.results ?? [])
    add(entry.unique_id, fromRunResults(entry, input), entry);
  for (const entry of input.sources?.results ?? []) add(entry.unique_id, fromSources(entry));
  // Whether dbt did its work to the end: then what it selected and says nothing of never had to run.
  const whole =
    input.ended === 'finished' &&
    (input.runResults !== undefined ||
      input.sources !== undefined ||
      observations.completed?.success === true);
  for (const facts of observations.nodes.values()) {
    if (!countsAsNode(facts)) continue;
    if (facts.finished !== undefined) add(facts.uniqueId, fromEvent(facts.finished));
    else if (facts.started || !whole || endedByFailFast(input)) add(facts.uniqueId, undefined);
  }
  return [...found.values()];
}

/** Whether dbt gave up on the rest at the first failure. What it had not begun it may leave out of its results. */
export function endedByFailFast({ ended, runResults }: Pick<Given, 'ended' | 'runResults'>): boolean {
  return (
    ended === 'finished' &&
    runResults?.args['fail_fast'] === true &&
    runResults.results.some(({ status }) => BLOCKING.has(status))
  );
}

/** Ephemeral models start and finish like others, and nothing is made of them. */
function countsAsNode(facts: NodeFacts): boolean {
  return facts.materialized !== 'ephemeral' || BLOCKING.has(facts.finished?.status ?? '');
}

/** A node that has just finished, as its events tell it; undefined for one that has not, or is no node of the run. */
export function finishedNode(uniqueId: string, observations: Observations): NodeInput | undefined {
  const facts = observations.nodes.get(uniqueId);
  if (facts?.finished === undefined || !countsAsNode(facts)) return undefined;
  const given = { command: '', observations, ended: 'finished' } as const;
  return describe(uniqueId, given, fromEvent(facts.finished), undefined);
}

function describe(
  uniqueId: string,
  input: Given,
  result: NodeResult | undefined,
  entry: RunResultEntry | undefined,
): NodeInput {
  const node = manifestNode(input.manifest, uniqueId);
  const facts = input.observations.nodes.get(uniqueId);
  return {
    uniqueId,
    name: node?.name ?? facts?.name ?? nameIn(uniqueId),
    resourceType: node?.resource_type ?? facts?.resourceType ?? uniqueId.split('.', 1)[0] ?? '',
    ...given('relationName', text(entry?.relation_name) ?? text(node?.relation_name) ?? facts?.relationName),
    ...given('node', node),
    ...given('facts', facts),
    ...given('result', result),
  };
}

function fromRunResults(entry: RunResultEntry, input: Given): NodeResult {
  const response = entry.adapter_response;
  // run-operation's result says that it failed and not how.
  const operation =
    entry.message === null && entry.status === 'error' ? input.observations.operationError : undefined;
  return {
    source: 'run-results',
    status: entry.status,
    adapterBare: Object.keys(response).every((key) => key === '_message'),
    executionMs: Math.round(entry.execution_time * 1000),
    ...given('message', text(entry.message) ?? operation),
    ...given('adapterMessage', text(response['_message'])),
    ...given('failures', number(entry.failures)),
    ...given('rowsAffected', number(response['rows_affected'])),
    ...given('cacheReason', input.observations.nodes.get(entry.unique_id)?.finished?.cacheReason),
  };
}

function fromSources(entry: SourcesArtifact['results'][number]): NodeResult {
  const seconds = number(entry.execution_time);
  return {
    source: 'run-results',
    status: entry.status,
    adapterBare: Object.keys(record(entry['adapter_response']) ?? {}).length === 0,
    ...given('message', text(entry.error)),
    ...given('executionMs', seconds === undefined ? undefined : Math.round(seconds * 1000)),
  };
}

function fromEvent({ at: _at, decisionId: _id, upstream: _up, ...result }: FinishedFacts): NodeResult {
  return { source: 'event', ...result };
}

/** What State did with a node as far as the node's own result tells; see `stateVerdict`. */
export function verdictOf(node: NodeInput): StateVerdict | undefined {
  const words = wordsOf(node);
  return words === undefined ? undefined : stateVerdict(words);
}

/**
 * Whether a node's result says that State reused or cloned it, and can be believed.
 * @param enabled State is there: some of its words are also others'.
 */
export function saysState(node: NodeInput, enabled: boolean): boolean {
  const words = wordsOf(node);
  return words !== undefined && stateVerdict(words) !== undefined && (enabled || onlyStateSays(words));
}

function wordsOf({ resourceType, result }: NodeInput): ResultWords | undefined {
  if (result === undefined || !UNDER_STATE.has(resourceType)) return undefined;
  const { status, message, adapterMessage, adapterBare, cacheReason } = result;
  return { status, message, isTest: resourceType === 'test', adapterMessage, adapterBare, cacheReason };
}

const UNDER_STATE: ReadonlySet<string> = new Set(['model', 'seed', 'snapshot', 'test', 'function']);

const ASKED_ABOUT: ReadonlySet<string> = new Set(['model', 'seed', 'snapshot', 'test']);
const RAN: ReadonlySet<string> = new Set(['success', 'pass', 'warn', 'fail']);

/** Whether a node ran to an end, of a kind that an active State would have been asked about. */
export function ranUnderState({ resourceType, result }: NodeInput): boolean {
  return ASKED_ABOUT.has(resourceType) && result !== undefined && RAN.has(result.status);
}

/** Any resource of the manifest, whatever its kind. */
export function manifestNode(manifest: Manifest | undefined, uniqueId: string): ManifestNode | undefined {
  if (manifest === undefined) return undefined;
  return (
    manifest.nodes[uniqueId] ??
    manifest.sources[uniqueId] ??
    manifest.unit_tests[uniqueId] ??
    manifest.exposures[uniqueId] ??
    manifest.metrics[uniqueId] ??
    manifest.semantic_models[uniqueId] ??
    manifest.saved_queries[uniqueId] ??
    manifest.functions[uniqueId]
  );
}

/** `model.shop.orders` → `orders`; `test.shop.not_null_orders_id.ab12` → `not_null_orders_id`. */
function nameIn(uniqueId: string): string {
  const [type, , ...name] = uniqueId.split('.');
  if (type === 'test' && name.length > 1) return name.slice(0, -1).join('.');
  return name.join('.') || uniqueId;
}
