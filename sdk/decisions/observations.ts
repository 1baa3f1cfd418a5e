import type { DbtEvent, SelectedNode } from '../runtimes/dbt-event.ts';
import { given, list, number, plain, record, shortened, text } from './json-access.ts';
import type { NodeFacts, Observations, TroubleFacts } from './observed.ts';
import { createRunMessages, isRunMessage } from './run-messages.ts';
import { renderStateMessage, type StateAnswer, type StateMessage } from './state-facts.ts';
import { readStateMessage } from './state-messages.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type MutableNode = Mutable<NodeFacts> & {
  /** dbt reports each batch of a microbatch model under the model's own id; only the model's end is its end. */
  batchOpen?: boolean;
};

const MAX_TEXT = 4000;
const MAX_NODES_NAMED = 100;
const MAX_MAIN_ERRORS = 10;

/** Folds a run's events, in the order dbt sent them. `current()` is a live view: read it when the run is over. */
export function createObservations(): {
  readonly add: (event: DbtEvent) => void;
  readonly current: () => Observations;
} {
  const nodes = new Map<string, MutableNode>();
  const idsByName = new Map<string, string | null>();
  const onThread = new Map<string, string>();
  const troubles = new Map<string, Mutable<TroubleFacts> & { nodes: string[] }>();
  const messages = createRunMessages();
  const mainErrors: string[] = [];
  const skipCauses = new Map<string, string>();
  const state: Mutable<Omit<Observations['state'], 'troubles'>> = { answers: 0, sparedCount: 0 };
  const run: Mutable<Pick<Observations, RunLevel>> = {};
  let eventCount = 0;
  let startedCount = 0;
  let finishedCount = 0;

  function node(info: Readonly<Record<string, unknown>> | undefined): MutableNode | undefined {
    const uniqueId = text(info?.['unique_id']);
    if (info === undefined || uniqueId === undefined) return undefined;
    const known = nodes.get(uniqueId);
    if (known !== undefined) return known;
    const name = text(info['node_name']) ?? text(info['name']) ?? uniqueId;
    const made: MutableNode = {
      uniqueId,
      name,
      resourceType: text(info['resource_type']) ?? uniqueId.slice(0, Math.max(0, uniqueId.indexOf('.'))),
      started: false,
      confirmed: false,
      ...given('materialized', text(info['materialized'])),
      ...given('relationName', text(record(info['node_relation'])?.['relation_name'])),
    };
    nodes.set(uniqueId, made);
    // Null marks a name that several nodes bear.
    idsByName.set(name, idsByName.has(name) ? null : uniqueId);
    return made;
  }

  /**
   * The plugin names nodes by bare name, which is not unique. It speaks on the thread that runs the node, so that
   * node comes first; failing that, a name only one running node bears. Otherwise nothing is claimed.
   */
  function named(name: string, thread: string | undefined): MutableNode | undefined {
    const running = thread === undefined ? undefined : nodes.get(onThread.get(thread) ?? '');
    if (running?.name === name) return running;
    const uniqueId = idsByName.get(name);
    return uniqueId === undefined || uniqueId === null ? undefined : nodes.get(uniqueId);
  }

  function select(event: DbtEvent): void {
    const selected: SelectedNode[] = [];
    for (const value of list(event.data['nodes'])) {
      const fields = record(value);
      const uniqueId = text(fields?.['unique_id']);
      if (fields === undefined || uniqueId === undefined) continue;
      const facts = node(fields);
      selected.push({
        unique_id: uniqueId,
        name: text(fields['name']) ?? facts?.name ?? uniqueId,
        resource_type: text(fields['resource_type']) ?? facts?.resourceType ?? '',
      });
    }
    run.selected = selected;
  }

  function start(event: DbtEvent, thread: string | undefined): void {
    const facts = node(record(event.data['node_info']));
    if (facts === undefined) return;
    describe(facts, record(event.data['node_info']));
    if (!facts.started) startedCount += 1;
    facts.started = true;
    if (thread !== undefined) onThread.set(thread, facts.uniqueId);
    const total = number(event.data['total']);
    if (total !== undefined) run.selectedCount ??= total;
  }

  function finish(event: DbtEvent, thread: string | undefined): void {
    if (thread !== undefined) onThread.delete(thread);
    const facts = node(record(event.data['node_info']));
    const result = record(event.data['run_result']);
    const status = text(result?.['status']);
    if (facts === undefined || result === undefined || status === undefined) return;
    if (facts.batchOpen === true) {
      facts.batchOpen = false;
      // The batch's thread still belongs to the model that waits for its other batches.
      return;
    }
    describe(facts, record(event.data['node_info']));
    const response = record(result['adapter_response']) ?? {};
    const rows = number(response['rows_affected']);
    const seconds = number(result['execution_time']);
    const message = text(result['message']);
    const decisionId = text(result['state_decision_id']);
    if (facts.finished === undefined) finishedCount += 1;
    facts.finished = {
      status,
      at: event.info.ts,
      adapterBare: Object.keys(response).every((key) => key === '_message'),
      ...given('message', message === undefined ? undefined : shortened(plain(message), MAX_TEXT)),
      ...given('adapterMessage', text(response['_message'])),
      ...given('rowsAffected', rows),
      ...given('executionMs', seconds === undefined ? undefined : Math.round(seconds * 1000)),
      ...given('failures', number(result['num_failures'])),
      ...given('cacheReason', text(result['node_cache_reason'])),
      ...given('decisionId', decisionId),
      ...given('upstream', text(result['upstream_unique_id'])),
    };
    if (decisionId === undefined) return;
    // Only the service gives out such ids.
    state.answers += 1;
    state.firstAnswer ??= `decision ${decisionId} about ${facts.name}`;
  }

  function stateSaid(message: StateMessage, thread: string | undefined): void {
    const fact = readStateMessage(message);
    if (fact === undefined) return;
    switch (fact.kind) {
      case 'announced':
        state.announced = fact.status;
        if (fact.version !== undefined) state.version = fact.version;
        return;
      case 'answer': {
        state.answers += 1;
        state.firstAnswer ??= renderStateMessage(message).replace(/, request_id: .*$/, '');
        const facts = named(fact.byName, thread);
        if (facts === undefined) return;
        state.sparedCount += spares(fact.answer) - spares(facts.answer);
        facts.answer = fact.answer;
        return;
      }
      case 'explained': {
        const facts = named(fact.byName, thread);
        if (facts !== undefined) facts.explained = shortened(fact.text, MAX_TEXT);
        return;
      }
      case 'confirmed': {
        const facts = nodes.get(fact.byId);
        if (facts !== undefined) facts.confirmed = true;
        return;
      }
      case 'clone-failed': {
        const facts = named(fact.byName, thread);
        if (facts !== undefined) facts.cloneFailed = shortened(fact.why, MAX_TEXT);
        return;
      }
      case 'pre-cloned': {
        const facts = nodes.get(onThread.get(thread ?? '') ?? '');
        // The thread tells the node; a relation that is not the node's own would contradict it.
        if (facts !== undefined && (facts.relationName ?? fact.target) === fact.target)
          facts.preClonedFrom = fact.source;
        return;
      }
      case 'savings':
        run.savings = { nodeMs: fact.nodeMs, nodes: fact.nodes };
        return;
      case 'login-failed':
        state.loginFailed = shortened(fact.why, MAX_TEXT);
        return;
      case 'ready':
        state.readyAt = fact.endpoint;
        return;
      case 'remark':
        messages.add('warning', 'StateWarning', renderStateMessage(message));
        return;
      case 'trouble': {
        const said = shortened(renderStateMessage(message), MAX_TEXT);
        const facts =
          fact.byId !== undefined
            ? nodes.get(fact.byId)
            : fact.byName !== undefined
              ? named(fact.byName, thread)
              : undefined;
        if (facts !== undefined) facts.stateError ??= said;
        const key = `${fact.problem} ${fact.off}`;
        const known = troubles.get(key) ?? {
          problem: fact.problem,
          said,
          off: fact.off,
          count: 0,
          nodes: [],
        };
        troubles.set(key, known);
        known.count += 1;
        const who = facts?.uniqueId ?? fact.byId ?? fact.byName;
        if (who !== undefined && known.nodes.length < MAX_NODES_NAMED && !known.nodes.includes(who))
          known.nodes.push(who);
        return;
      }
      default:
        fact satisfies never;
    }
  }

  function add(event: DbtEvent): void {
    eventCount += 1;
    const { data, info } = event;
    const thread = text(info['thread']);
    switch (info.name) {
      case 'NodeStart':
      case 'LogStartLine':
        start(event, thread);
        return;
      case 'NodeFinished':
        finish(event, thread);
        return;
      case 'LogBatchResult':
      case 'LogModelResult': {
        const facts = node(record(data['node_info']));
        if (facts !== undefined) facts.batchOpen = info.name === 'LogBatchResult';
        return;
      }
      case 'RuncacheSelection':
        select(event);
        return;
      case 'ConcurrencyLine': {
        const threads = number(data['num_threads']);
        const count = number(data['node_count']);
        if (threads !== undefined) run.threads = threads;
        if (count !== undefined) run.selectedCount = count;
        return;
      }
      case 'NothingToDo':
        // dbt says so instead of counting its nodes.
        run.selectedCount = 0;
        return;
      case 'MarkSkippedChildren': {
        const [cause, status] = [text(data['unique_id']), text(data['status'])];
        if (cause !== undefined && status !== undefined && status !== 'skipped')
          skipCauses.set(cause, status);
        return;
      }
      case 'MainReportVersion': {
        const version = text(data['version']);
        if (version !== undefined) run.dbtVersion = version.replace(/^=/, '');
        return;
      }
      case 'AdapterRegistered': {
        const [type, version] = [text(data['adapter_name']), text(data['adapter_version'])];
        if (type !== undefined) run.adapterType = type;
        if (version !== undefined) run.adapterVersion = version.replace(/^=/, '');
        return;
      }
      case 'PartialParsingEnabled':
        run.parsing ??= { kind: 'partial' };
        return;
      case 'PartialParsingNotEnabled':
        run.parsing ??= { kind: 'off' };
        return;
      case 'UnableToPartialParse':
      case 'ParsedFileLoadFailed': {
        // dbt may find out when it has begun to use it. Of several reasons the first is the cause.
        const words = text(data['reason']) ?? text(data['exc']) ?? info.msg;
        if (run.parsing?.kind !== 'full')
          run.parsing = { kind: 'full', why: shortened(plain(words), MAX_TEXT) };
        return;
      }
      case 'CommandCompleted':
        run.completed = { success: data['success'] === true };
        return;
      case 'MainEncounteredError':
      case 'MainStackTrace': {
        const words = text(data['exc']) ?? text(data['stack_trace']) ?? text(info.msg);
        if (words !== undefined && mainErrors.length < MAX_MAIN_ERRORS) mainErrors.push(tail(plain(words)));
        return;
      }
      case 'RunningOperationCaughtError':
        run.operationError ??= shortened(plain(text(data['exc']) ?? info.msg), MAX_TEXT);
        return;
      case 'GenericExceptionOnRun': {
        const facts = nodes.get(text(data['unique_id']) ?? '');
        const words = text(data['exc']) ?? text(info.msg);
        if (facts !== undefined && words !== undefined) facts.exception ??= shortened(plain(words), MAX_TEXT);
        return;
      }
      default: {
        const message = asStateMessage(event);
        if (message !== undefined) stateSaid(message, thread);
        else if (isRunMessage(event)) messages.addEvent(event);
      }
    }
  }

  return {
    add,
    current: () => ({
      eventCount,
      nodes,
      startedCount,
      finishedCount,
      ...run,
      state: { ...state, troubles: [...troubles.values()] },
      messages: messages.current(),
      mainErrors,
      skipCauses,
    }),
  };
}

type RunLevel =
  | 'selected'
  | 'selectedCount'
  | 'dbtVersion'
  | 'adapterType'
  | 'adapterVersion'
  | 'threads'
  | 'savings'
  | 'parsing'
  | 'operationError'
  | 'completed';

/** 1 for an answer that spares dbt the node's work, else 0. */
function spares(answer: StateAnswer | undefined): number {
  return answer === 'skip' || answer === 'clone' ? 1 : 0;
}

/** Later events know more than the selection did. */
function describe(facts: MutableNode, info: Readonly<Record<string, unknown>> | undefined): void {
  const materialized = text(info?.['materialized']);
  const relationName = text(record(info?.['node_relation'])?.['relation_name']);
  if (materialized !== undefined) facts.materialized = materialized;
  if (relationName !== undefined) facts.relationName = relationName;
}

const LEVELS: ReadonlyMap<string, StateMessage['level']> = new Map([
  ['AdapterEventDebug', 'debug'],
  ['AdapterEventInfo', 'info'],
  ['AdapterEventWarning', 'warn'],
  ['AdapterEventError', 'error'],
]);

function asStateMessage(event: DbtEvent): StateMessage | undefined {
  const level = LEVELS.get(event.info.name);
  const speaker = event.data['name'];
  if (level === undefined || (speaker !== 'State' && speaker !== 'RunCache')) return undefined;
  const base = text(event.data['base_msg']);
  return base === undefined ? undefined : { level, base, args: list(event.data['args']).map(String) };
}

/** A traceback's cause stands at its end. */
function tail(words: string): string {
  return words.length <= MAX_TEXT ? words : `…${words.slice(words.length - MAX_TEXT + 1)}`;
}
