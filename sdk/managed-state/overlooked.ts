import type { Manifest } from '../artifacts/types.ts';
import { falseAlarms } from './false-alarms.ts';
import { modifiedNodes } from './modified-nodes.ts';
import type { NodeChange } from './node-change.ts';
import { overlookedFields } from './overlooked-fields.ts';
import { overlookedMacros } from './overlooked-macros.ts';
import { overlookedNodes } from './overlooked-nodes.ts';
import { overlookedResolution } from './overlooked-resolution.ts';
import { overlookedVariables } from './overlooked-variables.ts';
import type { KnownChanges, Oversight } from './oversight.ts';
import type { ManagedStateEngine } from './state-nodes.ts';

/**
 * Names what `modifiedNodes()` cannot, because dbt does not look there. It is a help for a reader, not a proof: what it does
 * not name may still have changed, such as the data that a macro asks the warehouse for.
 * @param changes Default: those that `modifiedNodes()` finds.
 */
export function overlooked(
  before: Manifest,
  now: Manifest,
  engine: ManagedStateEngine,
  known: KnownChanges = {},
  changes: readonly NodeChange[] = modifiedNodes(before, now, engine),
): readonly Oversight[] {
  const listed = new Set(
    changes.filter(({ selectedBy }) => selectedBy.includes('modified')).map(({ uniqueId }) => uniqueId),
  );
  const macros = overlookedMacros(before, now, known, listed);
  const isNamedAnew = macros.some(({ kind }) => kind === 'naming-macro');
  return [
    ...macros,
    ...overlookedNodes(before, now, engine, changes, isNamedAnew),
    ...overlookedVariables(before, now, known, listed),
    ...overlookedResolution(before, now, listed),
    ...(engine === 'fusion' ? overlookedFields(before, now) : []),
    ...falseAlarms(before, now, changes),
  ];
}
