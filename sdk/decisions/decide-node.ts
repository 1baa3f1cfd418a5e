import type { Manifest } from '../artifacts/types.ts';
import type {
  DecisionReason,
  Evidence,
  NodeAction,
  NodeDecision,
  SourceLocation,
  StateStatus,
} from './decision.ts';
import type { DecisionLogEntry } from './decision-log.ts';
import { gatherEvidence } from './evidence.ts';
import { executedBecause } from './executed-because.ts';
import { given, text } from './json-access.ts';
import { normalPath } from './locate.ts';
import { type NodeInput, type NodeResult, saysState, verdictOf } from './node-results.ts';
import type { StateVerdict } from './reasons.ts';

/** What is the same for every node of a run. */
export interface NodeContext {
  readonly command: string;
  readonly stoppedAt: Date | undefined;
  readonly state: StateStatus;
  readonly manifest: Manifest | undefined;
  readonly eventsAvailable: boolean;
  readonly hasDecisionLog: boolean;
  /** dbt gave up on the rest at the first failure. */
  readonly failFast: boolean;
  readonly logged: ReadonlyMap<string, DecisionLogEntry>;
  /** The failure that made dbt skip a node. */
  readonly upstreamOf: (uniqueId: string) => string | undefined;
  /** The failures dbt itself named as the reason to skip what comes after them, with their status. */
  readonly skipCauses: ReadonlyMap<string, string>;
  /** The on-run-start hook that failed, if one did. */
  readonly failedHook: string | undefined;
  readonly redact: (text: string) => string;
}

/** What was concluded about a node. */
export interface Verdict {
  readonly action: NodeAction;
  readonly because: DecisionReason;
  readonly detail?: string;
  readonly failed?: boolean;
  readonly basis?: 'inferred';
}

const COMPILING = new Set(['compile', 'docs generate', 'show']);
const BUILT_TYPES = new Set(['model', 'seed', 'snapshot', 'function']);
const FAILURES = new Set(['error', 'fail', 'runtime error', 'partial success']);

export function decideNode(input: NodeInput, context: NodeContext): NodeDecision {
  const { node, facts, result } = input;
  const verdict = result === undefined ? withoutEnd(input, context) : concluded(input, result, context);
  const evidence: readonly Evidence[] = gatherEvidence(input, verdict, context);
  const isTest = input.resourceType === 'test' || input.resourceType === 'unit_test';
  const rows = result?.rowsAffected;
  const materialized = text(node?.config?.['materialized']) ?? facts?.materialized;
  return {
    uniqueId: input.uniqueId,
    name: input.name,
    resourceType: input.resourceType,
    action: verdict.action,
    because: verdict.because,
    failed: verdict.failed ?? false,
    basis: verdict.basis ?? 'reported',
    evidence: evidence.map((one) => ({ ...one, says: context.redact(one.says) })),
    ...given('materialized', materialized),
    ...given('relationName', input.relationName),
    ...given('packageName', node?.package_name),
    ...given('attachedNode', text(node?.attached_node)),
    ...given('detail', verdict.detail === undefined ? undefined : context.redact(verdict.detail)),
    ...given('status', result?.status),
    ...given('message', result?.message === undefined ? undefined : context.redact(result.message)),
    ...given('failures', isTest && result?.status !== 'skipped' ? result?.failures : undefined),
    ...given(
      'rowsAffected',
      verdict.action === 'built' && rows !== undefined && rows >= 0 ? rows : undefined,
    ),
    ...given('executionMs', result?.executionMs),
    ...given('location', locationOf(input, context.manifest)),
  };
}

function withoutEnd({ facts }: NodeInput, { failFast }: NodeContext): Verdict {
  if (failFast && facts?.started !== true)
    return { action: 'skipped', because: 'fail-fast', basis: 'inferred' };
  return {
    action: 'interrupted',
    because: facts?.started === true ? 'stopped-while-running' : 'stopped-before-start',
    basis: 'inferred',
  };
}

function concluded(input: NodeInput, result: NodeResult, context: NodeContext): Verdict {
  const { status } = result;
  if (status === 'no-op') return { action: 'no-op', because: 'nothing-to-do' };
  if (status === 'skipped') return skipped(input, result, context);
  if (context.command === 'clone' && status === 'success') {
    return result.message === 'No-op'
      ? { action: 'no-op', because: 'nothing-to-do' }
      : { action: 'cloned', because: 'clone-command' };
  }
  const failed = FAILURES.has(status);
  if (input.resourceType === 'source') return freshness(status, failed);
  const isTest = input.resourceType === 'test' || input.resourceType === 'unit_test';
  const byState = byStateOf(input, context);
  if (byState !== undefined) {
    return { ...byState, failed, ...given('detail', input.facts?.explained) };
  }
  if (failed && !(isTest && status === 'fail')) {
    if (endedByStop(input, context)) {
      return { action: 'interrupted', because: 'stopped-while-running', basis: 'inferred' };
    }
    return { action: 'failed', because: 'error', failed: true, ...given('detail', input.facts?.exception) };
  }
  if (isTest) {
    if (COMPILING.has(context.command)) return { action: 'compiled', because: 'not-subject-to-state' };
    if (status !== 'pass' && status !== 'warn' && status !== 'fail') return unknownStatus();
    return { action: 'tested', failed, ...executedBecause(input, context) };
  }
  if (status !== 'success') return unknownStatus();
  if (COMPILING.has(context.command)) return { action: 'compiled', because: 'not-subject-to-state' };
  if (BUILT_TYPES.has(input.resourceType)) return { action: 'built', ...executedBecause(input, context) };
  return { action: 'ran', because: 'not-subject-to-state' };
}

/** A stopped dbt cancels its queries, and reports those nodes as errors. */
function endedByStop({ facts }: NodeInput, { stoppedAt }: NodeContext): boolean {
  if (stoppedAt === undefined || facts?.finished === undefined) return false;
  return Date.parse(facts.finished.at) >= stoppedAt.getTime();
}

/** What a result says of State is believed unless State cannot have been there. */
function byStateOf(input: NodeInput, context: NodeContext): StateVerdict | undefined {
  const possible = context.state.kind === 'active' || context.state.kind === 'unknown';
  return saysState(input, possible) ? verdictOf(input) : undefined;
}

function unknownStatus(): Verdict {
  return { action: 'unknown', because: 'unknown-status' };
}

function freshness(status: string, failed: boolean): Verdict {
  if (status === 'runtime error') return { action: 'failed', because: 'error', failed };
  if (status !== 'pass' && status !== 'warn' && status !== 'error') return unknownStatus();
  return { action: 'checked', because: 'not-subject-to-state', failed };
}

function skipped(input: NodeInput, result: NodeResult, context: NodeContext): Verdict {
  if (/skipping due to fail[_-]fast/i.test(result.message ?? ''))
    return { action: 'skipped', because: 'fail-fast' };
  const named = input.facts?.finished?.upstream;
  const cause = context.upstreamOf(input.uniqueId) ?? context.failedHook ?? named;
  if (cause !== undefined) {
    const told = cause === named || context.skipCauses.has(cause);
    return {
      action: 'skipped',
      because: 'upstream-failed',
      detail: cause,
      ...(told ? {} : { basis: 'inferred' as const }),
    };
  }
  if (result.message === 'Skipped due to upstream failure')
    return { action: 'skipped', because: 'upstream-failed' };
  return { action: 'skipped', because: 'skipped-by-dbt', ...given('detail', result.message) };
}

/** The file in the user's project. A package's files are not the user's, so they are not named. */
function locationOf({ node }: NodeInput, manifest: Manifest | undefined): SourceLocation | undefined {
  if (node === undefined || text(node.original_file_path) === undefined) return undefined;
  const project = manifest?.metadata.project_name;
  if (typeof project === 'string' && project !== node.package_name) return undefined;
  return { path: normalPath(node.original_file_path) };
}
