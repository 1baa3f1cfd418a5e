import { given, list, record, text } from './json-access.ts';

/** The plugin's settings, as its decision log repeats them. */
export interface DecisionLogRun {
  readonly startedAt?: string;
  readonly targetName?: string;
  readonly deferToTarget?: string;
  readonly freshnessToleranceSeconds?: number;
  readonly allowClones?: boolean;
  readonly select: readonly string[];
  readonly exclude: readonly string[];
}

/** One node in State's log. It holds ids and no verdict; the plugin's names the node without its unique id. */
export interface DecisionLogEntry {
  /** In the log of dbt v2 only. */
  readonly uniqueId?: string;
  readonly nodeName: string;
  readonly resourceType: string;
  /** The relation as dbt renders it; empty for a test. */
  readonly relationName: string;
  /** Set when the service was asked and answered. */
  readonly decisionId?: string;
  /** Set when the node was built or cloned and that was confirmed; a test that ran gets none. */
  readonly executionId?: string;
  /** The table a developer's copy was cloned from before the node ran. */
  readonly devClone?: { readonly source: string; readonly target: string };
}

export interface DecisionLog {
  readonly run?: DecisionLogRun;
  readonly entries: readonly DecisionLogEntry[];
  /** Lines that could not be read, other than a torn last one. */
  readonly unreadable: number;
}

/** Reads the `responses_*.jsonl` of the plugin or of dbt v2. Never fails: a line that is not what it should be is counted. */
export function parseDecisionLog(jsonl: string): DecisionLog {
  const lines = jsonl.split('\n');
  const entries: DecisionLogEntry[] = [];
  const confirmed = new Map<string, string>();
  let run: DecisionLogRun | undefined;
  let unreadable = 0;
  lines.forEach((line, at) => {
    if (line.trim() === '') return;
    const fields = parse(line);
    if (fields?.['entry_type'] === 'run_start') {
      run = runStart(fields);
      return;
    }
    if (fields?.['entry_type'] === 'execution_confirmed') {
      const [uniqueId, executionId] = [text(fields['node_unique_id']), text(fields['execution_id'])];
      if (uniqueId !== undefined && executionId !== undefined) confirmed.set(uniqueId, executionId);
      return;
    }
    const entry = fields?.['entry_type'] === 'node' ? nodeEntry(fields) : undefined;
    if (entry !== undefined) entries.push(entry);
    // A line without its line end is one that was being written.
    else if (at < lines.length - 1) unreadable += 1;
  });
  return {
    ...given('run', run),
    entries: confirmed.size === 0 ? entries : entries.map((entry) => confirm(entry, confirmed)),
    unreadable,
  };
}

/** dbt v2 notes the confirmation in a line of its own. */
function confirm(entry: DecisionLogEntry, confirmed: ReadonlyMap<string, string>): DecisionLogEntry {
  return { ...entry, ...given('executionId', entry.executionId ?? confirmed.get(entry.uniqueId ?? '')) };
}

/** The nodes an entry may belong to. */
export interface LogCandidate {
  readonly uniqueId: string;
  readonly name: string;
  readonly resourceType: string;
  readonly relationName?: string;
}

/**
 * Which entry belongs to which node, by unique id. dbt v2 names the node so itself. The plugin collects an entry under the bare name while the node
 * runs, so where two nodes of the run share a name their entries may be mixed up, and neither is used.
 */
export function matchDecisionLog(
  log: DecisionLog,
  candidates: Iterable<LogCandidate>,
): ReadonlyMap<string, DecisionLogEntry> {
  const byName = new Map<string, LogCandidate | null>();
  for (const candidate of candidates) {
    byName.set(candidate.name, byName.has(candidate.name) ? null : candidate);
  }
  const matched = new Map<string, DecisionLogEntry>();
  const seen = new Set<string>();
  for (const entry of log.entries) {
    if (entry.uniqueId !== undefined) {
      matched.set(entry.uniqueId, entry);
      continue;
    }
    const node = byName.get(entry.nodeName);
    if (node === undefined || node === null) continue;
    if (seen.has(node.uniqueId)) matched.delete(node.uniqueId);
    else if (fitsNode(entry, node)) matched.set(node.uniqueId, entry);
    seen.add(node.uniqueId);
  }
  return matched;
}

/** Whether an entry may be about a node of its name. */
export function fitsNode(entry: DecisionLogEntry, node: LogCandidate): boolean {
  if (entry.resourceType !== node.resourceType) return false;
  if (entry.relationName === '' || node.relationName === undefined) return true;
  return entry.relationName === node.relationName;
}

function parse(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return record(JSON.parse(line));
  } catch {
    return undefined;
  }
}

function runStart(fields: Readonly<Record<string, unknown>>): DecisionLogRun {
  const config = record(fields['run_config']) ?? {};
  const tolerance = config['freshness_tolerance_seconds'];
  const clones = config['allow_clones'];
  return {
    select: strings(config['select']),
    exclude: strings(config['exclude']),
    ...given('startedAt', text(fields['start_timestamp_utc'])),
    ...given('targetName', text(config['target_name'])),
    ...given('deferToTarget', text(config['defer_to_target'])),
    ...given('freshnessToleranceSeconds', typeof tolerance === 'number' ? tolerance : undefined),
    ...given('allowClones', typeof clones === 'boolean' ? clones : undefined),
  };
}

function nodeEntry(fields: Readonly<Record<string, unknown>>): DecisionLogEntry | undefined {
  const info = record(fields['node_info']);
  const uniqueId = text(fields['node_unique_id']);
  const nodeName = text(fields['node_name']);
  const resourceType = text(info?.['node_resource_type']) ?? uniqueId?.split('.', 1)[0];
  if (info === undefined || nodeName === undefined || resourceType === undefined) return undefined;
  const clone = record(info['dev_clone']);
  const [source, target] = [text(clone?.['source_table_fqn']), text(clone?.['target_table_fqn'])];
  return {
    nodeName,
    resourceType,
    relationName: text(info['fqn']) ?? '',
    ...given('uniqueId', uniqueId),
    ...given('decisionId', text(fields['execution_decision_id'])),
    ...given('executionId', text(fields['execution_id'])),
    ...given('devClone', source === undefined || target === undefined ? undefined : { source, target }),
  };
}

function strings(value: unknown): readonly string[] {
  return list(value).filter((item) => typeof item === 'string');
}
