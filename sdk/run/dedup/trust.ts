import type { LedgerRecord } from '../../dedup/record.ts';
import type { DedupStore } from '../../dedup/store.ts';
import { checkTargetFiles } from '../../dedup/target-file.ts';
import type { ResolvedProfile } from '../../plan/profile.ts';
import type { TargetFiles } from '../../plan/target-files.ts';

/** What a run's result is left in, as far as trusting it goes. */
export interface Trust {
  readonly keyKind: 'given' | 'derived';
  readonly durableTarget: boolean;
  /** Undefined for a command that needs none. */
  readonly profile: ResolvedProfile | undefined;
  readonly needsProfile: boolean;
  readonly targetFiles: TargetFiles;
  readonly store: DedupStore;
}

const SETTING =
  '`durable-target: true` (the input of the Action, or in dbt-runcache.yml), or --durable-target';
const WAY_OUT = `If what a run leaves there is sure to be there later, say so: ${SETTING}.`;

/**
 * Why what a record's run left in the warehouse may not be there, or not be the last word; undefined when it is. The
 * ledger only knows what its own runs did.
 */
export async function distrustOf(trust: Trust, record: LedgerRecord): Promise<string | undefined> {
  const { profile, targetFiles, store } = trust;
  if (trust.durableTarget || !trust.needsProfile) return undefined;
  switch (targetFiles.kind) {
    case 'memory':
      return 'The database is in memory and ends with its run.';
    case 'files':
      return checkTargetFiles(record.targetFiles ?? [], targetFiles.paths);
    case 'unknown':
      return `Only dbt can tell where the database lies. ${WAY_OUT}`;
    case 'none':
      break;
  }
  if (profile?.isLocalWarehouse !== false) {
    return profile?.isLocalWarehouse === true
      ? `The warehouse is on this machine and may be a new, empty one. ${WAY_OUT}`
      : `It cannot be told whether the warehouse is on this machine, where it may be new and empty. ${WAY_OUT}`;
  }
  if (trust.keyKind === 'derived' && store.guarantees.scope !== 'everyone') {
    return `Others may have written to the warehouse since: the ${store.kind} ledger is seen by this ${store.guarantees.scope} alone. Use a ledger that everyone sees. Or, if nothing else writes there, say so: ${SETTING}.`;
  }
  return undefined;
}
