import type { DecisionLog, DecisionLogEntry, LogCandidate } from './decision-log.ts';
import { fitsNode } from './decision-log.ts';
import type { Observations } from './observed.ts';

/** What tells whether a decision log belongs to a run. */
export interface LogOwner {
  readonly decisionLog?: DecisionLog | undefined;
  readonly observations: Observations;
  readonly eventsAvailable: boolean;
  readonly engine?: 'core' | 'fusion' | undefined;
  readonly pluginInstalled?: string | null | undefined;
  readonly stateSwitchedOffBy?: string | undefined;
}

/**
 * The decision log where it is this run's own. Another run of the same project may write one at the same time, so it
 * counts only where State was on in this run and where it tells of this run's nodes.
 */
export function ownDecisionLog(owner: LogOwner, nodes: readonly LogCandidate[]): DecisionLog | undefined {
  const { decisionLog } = owner;
  if (decisionLog === undefined || !mayHaveWritten(owner)) return undefined;
  // A log of no nodes yet is told from another's only by what State said.
  if (decisionLog.entries.length === 0) return owner.eventsAvailable ? decisionLog : undefined;
  return tellsOf(decisionLog.entries, nodes) ? decisionLog : undefined;
}

function mayHaveWritten({ observations, eventsAvailable, ...known }: LogOwner): boolean {
  const { announced, readyAt, answers, troubles } = observations.state;
  if (eventsAvailable) {
    // What was off before it answered anything has nothing to write down.
    if (answers === 0 && troubles.some(({ off }) => off)) return false;
    return announced === 'enabled' || readyAt !== undefined || answers > 0;
  }
  if (known.stateSwitchedOffBy !== undefined) return false;
  return known.engine === 'fusion' || known.pluginInstalled !== null;
}

/** Whether every entry has a node of this run, and the relations are, where they can be compared, this run's. */
function tellsOf(entries: readonly DecisionLogEntry[], nodes: readonly LogCandidate[]): boolean {
  const ids = new Set(nodes.map(({ uniqueId }) => uniqueId));
  const byName = new Map<string, LogCandidate[]>();
  for (const node of nodes) {
    const sameName = byName.get(node.name);
    if (sameName === undefined) byName.set(node.name, [node]);
    else sameName.push(node);
  }
  let fitting = false;
  for (const entry of entries) {
    if (entry.uniqueId !== undefined) {
      if (!ids.has(entry.uniqueId)) return false;
      fitting = true;
      continue;
    }
    const alike = (byName.get(entry.nodeName) ?? []).filter(
      ({ resourceType }) => resourceType === entry.resourceType,
    );
    if (alike.length === 0) return false;
    fitting ||= alike.some((node) => fitsNode(entry, node));
  }
  return fitting;
}
