import type { Manifest } from '../artifacts/types.ts';
import type { NodeChange, StateSelector } from './node-change.ts';
import { stateNodes } from './state-nodes.ts';

/** The unique ids that `dbt ls --select state:<selector>` lists, before tests that come along with their nodes. */
export function selectState(
  changes: readonly NodeChange[],
  selector: StateSelector,
  now: Manifest,
): readonly string[] {
  if (selector !== 'old' && selector !== 'unmodified') return idsSelectedBy(changes, selector);
  const others = new Set(idsSelectedBy(changes, selector === 'old' ? 'new' : 'modified'));
  return [...stateNodes(now).keys()].filter((uniqueId) => !others.has(uniqueId));
}

function idsSelectedBy(
  changes: readonly NodeChange[],
  selector: Exclude<StateSelector, 'old' | 'unmodified'>,
): readonly string[] {
  return changes.filter((change) => change.selectedBy.includes(selector)).map(({ uniqueId }) => uniqueId);
}

/** The ids, and with them every test of one of them: `--indirect-selection eager`, which is dbt's default. */
export function withTests(uniqueIds: readonly string[], now: Manifest): readonly string[] {
  const children = uniqueIds.flatMap((uniqueId) => now.child_map[uniqueId] ?? []);
  return [...new Set([...uniqueIds, ...children.filter(isTest)])];
}

function isTest(uniqueId: string): boolean {
  return uniqueId.startsWith('test.') || uniqueId.startsWith('unit_test.');
}
