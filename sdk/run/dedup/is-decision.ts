import type { DecisionReason, EvidenceSource, NodeAction, NodeDecision } from '../../decisions/decision.ts';

export const YEAR_MS = 366 * 86_400_000;

/** Compile only with every word there is. */
const ACTIONS: Record<NodeAction, true> = {
  ...{ built: true, tested: true, checked: true, compiled: true, ran: true, reused: true, cloned: true },
  ...{ 'no-op': true, failed: true, skipped: true, interrupted: true, unknown: true },
};
const REASONS: Record<DecisionReason, true> = {
  ...{ 'state-absent': true, 'state-disabled': true, 'state-inactive': true, 'state-decided': true },
  ...{ 'state-not-asked': true, 'state-failed': true, 'state-unknown': true, 'clone-failed': true },
  ...{ 'not-subject-to-state': true, 'no-changes': true, 'within-lag-tolerance': true },
  ...{ 'update-criteria-not-met': true, 'stored-test-result': true, 'model-reused': true },
  ...{ 'clone-of-other-environment': true, 'clone-within-lag-tolerance': true, 'clone-command': true },
  ...{ 'nothing-to-do': true, error: true, 'upstream-failed': true, 'fail-fast': true },
  ...{ 'skipped-by-dbt': true, 'stopped-while-running': true, 'stopped-before-start': true },
  'unknown-status': true,
};
const SOURCES: Record<EvidenceSource, true> = {
  ...{ 'run-results': true, 'adapter-response': true, event: true, 'decision-log': true, manifest: true },
};

const isText = (value: unknown): boolean => typeof value === 'string';
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isMs = (value: unknown): boolean => typeof value === 'number' && value >= 0 && value <= YEAR_MS;
const isOneOf = (words: object) => (value: unknown) =>
  typeof value === 'string' && Object.hasOwn(words, value);
const maybe = (is: (value: unknown) => boolean) => (value: unknown) => value === undefined || is(value);

/** A table rather than a schema: there are thousands of them, and a replay is to take no time. */
const DECISION: Readonly<Record<keyof NodeDecision, (value: unknown) => boolean>> = {
  ...{ uniqueId: isText, name: isText, resourceType: isText },
  ...{ materialized: maybe(isText), relationName: maybe(isText), packageName: maybe(isText) },
  ...{ attachedNode: maybe(isText), detail: maybe(isText), status: maybe(isText), message: maybe(isText) },
  action: isOneOf(ACTIONS),
  because: isOneOf(REASONS),
  failed: (value) => typeof value === 'boolean',
  failures: maybe(isCount),
  rowsAffected: maybe(Number.isFinite),
  executionMs: maybe(isMs),
  location: maybe((value) => has(value, { path: isText, line: maybe(isCount) })),
  basis: (value) => value === 'reported' || value === 'inferred',
  evidence: (value) => Array.isArray(value) && value.every((piece) => has(piece, EVIDENCE)),
  // Of a node that takes a minute and is reused for years.
  savedMs: maybe((value) => Number.isFinite(value) && (value as number) >= 0),
};
const EVIDENCE = {
  source: isOneOf(SOURCES),
  says: isText,
  conflicts: maybe((value) => value === true),
};

/** Whether this is a node's decision, of a report that came from outside. */
export function isDecision(value: unknown): value is NodeDecision {
  return has(value, DECISION);
}

function has(value: unknown, fields: Readonly<Record<string, (value: unknown) => boolean>>): boolean {
  if (typeof value !== 'object' || value === null) return false;
  for (const name in fields) {
    if (fields[name]?.((value as Readonly<Record<string, unknown>>)[name]) === false) return false;
  }
  return true;
}
