import type { Manifest, ManifestNode } from '../artifacts/types.ts';
import { coreRules } from './core-rules.ts';
import { previousInFusion } from './fusion-previous.ts';
import { fusionRules } from './fusion-rules.ts';
import { changedMacros, macroChangesInCore, macroChangesInFusion, macrosOf } from './macro-changes.ts';
import type { MacroChange } from './node-change.ts';
import type { CoreSettings, RulesFor } from './rules.ts';
import { type ManagedStateEngine, stateNodes } from './state-nodes.ts';

/** How one engine compares two manifests. */
interface Comparison {
  readonly rulesFor: RulesFor;
  /** The node of the manifest before that this one is compared with. */
  previous(node: ManifestNode): ManifestNode | undefined;
  macroChanges(node: ManifestNode): readonly MacroChange[];
}

export function comparisonOf(
  engine: ManagedStateEngine,
  before: Manifest,
  now: Manifest,
  settings: Partial<CoreSettings> = {},
): Comparison {
  const old = stateNodes(before);
  if (engine === 'fusion') {
    return {
      rulesFor: fusionRules,
      previous: previousInFusion(old),
      macroChanges: (node) => macroChangesInFusion(node, macrosOf(before), macrosOf(now)),
    };
  }
  const [changed, macros] = [changedMacros(before, now), macrosOf(now)];
  return {
    rulesFor: coreRules({ ...defaultsOf(now.metadata.dbt_version), ...settings }),
    previous: (node) => old.get(node.unique_id),
    macroChanges: (node) => macroChangesInCore(node, changed, macros),
  };
}

/** What dbt Core does when the project says nothing: 1.12 changed both. */
function defaultsOf(dbtVersion: string): CoreSettings {
  const [major = 0, minor = 0] = dbtVersion.split('.').map(Number);
  const since112 = major > 1 || minor >= 12;
  return { compareMoreUnrendered: since112, testsHaveHeader: since112 };
}
