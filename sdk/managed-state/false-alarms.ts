import type { Manifest } from '../artifacts/types.ts';
import type { NodeChange } from './node-change.ts';
import type { Oversight } from './oversight.ts';
import { stateNodes } from './state-nodes.ts';

/** What makes the text of a config mean something else from run to run. */
const CHANGEABLE = /\bconfig\s*\([^}]*\b(var\s*\(|env_var\s*\(|target\b)/;

/**
 * Nodes listed for nothing but configs that are in their SQL, which is the same. dbt Core 1.11 compares such a config as
 * it is rendered. For configs in yml a manifest does not hold the text, so that those are not found.
 */
export function falseAlarms(
  before: Manifest,
  now: Manifest,
  changes: readonly NodeChange[],
): readonly Oversight[] {
  const [old, current] = [stateNodes(before), stateNodes(now)];
  return changes.flatMap(({ uniqueId, kinds, configs = [], relation = [] }): readonly Oversight[] => {
    if (kinds.some((kind) => kind !== 'configs' && kind !== 'relation')) return [];
    const code = current.get(uniqueId)?.raw_code;
    if (code === undefined || code !== old.get(uniqueId)?.raw_code || !CHANGEABLE.test(code)) return [];
    const names = [...configs, ...relation];
    const allInCode = names.every((name) => code.includes(name.replace('-', '_')));
    return allInCode ? [{ kind: 'false-alarm', uniqueId, configs: names }] : [];
  });
}
