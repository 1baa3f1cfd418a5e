import type { NodeDecision } from '../decisions/decision.ts';
import type { RunReport } from '../result.ts';
import { advice } from './advice.ts';
import { dedupNotice } from './dedup-notice.ts';
import { explainDiagnosis } from './explain-diagnosis.ts';
import { explainNode, groupOf } from './explain-node.ts';
import {
  type ExplainedNode,
  type Explanation,
  GROUP_KEYS,
  type GroupKey,
  type NodeGroup,
  type Notice,
} from './explanation.ts';
import { facts } from './facts.ts';
import { headline } from './headline.ts';
import { lookAt } from './look-at.ts';
import { managedStateNotice, reasonsOfSelection } from './managed-state.ts';
import { typeRank, typesCounted } from './resource-type.ts';
import { settingRows } from './setting-rows.ts';
import { smallPrint } from './small-print.ts';
import { stateNotice } from './state-notice.ts';
import { timeAccount } from './time-account.ts';
import { executionSum, totals } from './totals.ts';
import { ACTIONS, type Surroundings } from './wording.ts';

const GROUPS: Readonly<Record<GroupKey, { readonly icon: string; readonly title: string }>> = {
  failed: { icon: ACTIONS.failed.icon, title: 'Failed' },
  interrupted: { icon: ACTIONS.interrupted.icon, title: 'Interrupted' },
  skipped: { icon: ACTIONS.skipped.icon, title: 'Skipped' },
  unknown: { icon: ACTIONS.unknown.icon, title: 'Unknown status' },
  warned: { icon: '⚠️', title: 'With a warning' },
  built: { icon: ACTIONS.built.icon, title: 'Built' },
  cloned: { icon: ACTIONS.cloned.icon, title: 'Cloned' },
  tested: { icon: ACTIONS.tested.icon, title: 'Passed tests' },
  checked: { icon: ACTIONS.checked.icon, title: 'Sources checked' },
  compiled: { icon: ACTIONS.compiled.icon, title: 'Compiled' },
  ran: { icon: ACTIONS.ran.icon, title: 'Ran' },
  reused: { icon: ACTIONS.reused.icon, title: 'Reused' },
  'tests-reused': { icon: ACTIONS.reused.icon, title: 'Tests reused' },
  'no-op': { icon: ACTIONS['no-op'].icon, title: 'Nothing to do' },
};

/** Tells a run for people. Reads nothing but the report; the same report gives the same explanation. */
export function explain(report: RunReport): Explanation {
  const counts = totals(report);
  const groups = nodeGroups(report);
  const nodesOf = (key: GroupKey) => groups.find((group) => group.key === key)?.nodes ?? [];
  const dedup = dedupNotice(report, counts);
  const managedState = managedStateNotice(report);
  const head = headline(report, counts, dedup);
  // What dbt State was in a run that is repeated is told in one line: there is nothing to mend about this one.
  const ran = dedup === undefined || dedup.kind === 'executed';
  return {
    headline: head,
    totals: counts,
    ...(dedup !== undefined && { dedup }),
    ...(managedState !== undefined && { managedState }),
    state: stateNotice(report, head),
    time: timeAccount(report),
    lookAt: lookAt(report, nodesOf('failed'), nodesOf('warned')),
    groups,
    notices: notices(report),
    ...(ran && report.diagnosis !== undefined && { checklist: explainDiagnosis(report.diagnosis) }),
    facts: facts(report),
    settings: ran ? settingRows(report) : [],
    advice: advice(report),
    smallPrint: smallPrint(report),
  };
}

function nodeGroups(report: RunReport): NodeGroup[] {
  const names = new Map(report.decisions.map(({ uniqueId, name }) => [uniqueId, name]));
  const around: Surroundings = {
    nameOf: (uniqueId) => names.get(uniqueId) ?? uniqueId,
    adapterType: report.engine?.adapterType,
  };
  const selectedFor = reasonsOfSelection(report);
  const told = (node: NodeDecision): ExplainedNode => {
    const why = selectedFor.get(node.uniqueId);
    return { ...explainNode(node, around), ...(why !== undefined && { selectedFor: why }) };
  };
  const byGroup = Map.groupBy(report.decisions, groupOf);
  return GROUP_KEYS.flatMap((key) => {
    const members = byGroup.get(key);
    if (members === undefined) return [];
    const inOrder = key === 'failed' || key === 'interrupted' ? members : members.toSorted(byTypeAndName);
    const executionMs = key === 'skipped' ? undefined : executionSum(members);
    return [
      {
        key,
        ...GROUPS[key],
        nodes: inOrder.map(told),
        makeup: typesCounted(members),
        ...(executionMs !== undefined && { executionMs }),
      },
    ];
  });
}

/** By code unit, not by locale: the same order on every machine. */
function byTypeAndName(a: NodeDecision, b: NodeDecision): number {
  return (
    typeRank(a.resourceType) - typeRank(b.resourceType) ||
    compare(a.resourceType, b.resourceType) ||
    compare(a.name, b.name) ||
    compare(a.uniqueId, b.uniqueId)
  );
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

const NOTICE_RANKS: Readonly<Record<Notice['kind'], number>> = { problem: 0, warning: 1, deprecation: 2 };

function notices(report: RunReport): Notice[] {
  return report.notices.toSorted((a, b) => NOTICE_RANKS[a.kind] - NOTICE_RANKS[b.kind]);
}
