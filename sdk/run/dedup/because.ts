import { fetchParts } from '../../dedup/bundle.ts';
import type { MissReason, RunKey } from '../../dedup/coordinator.ts';
import type { ExecutedBecause } from '../../dedup/dedup-report.ts';
import { earlierRun } from '../../dedup/earlier-run.ts';
import { compareParts, type KeyDifference } from '../../dedup/key.ts';
import { nearestRun } from '../../dedup/recent-runs.ts';
import type { KeyPart, LedgerRecord } from '../../dedup/record.ts';
import type { DedupStore } from '../../dedup/store.ts';
import { DbtRunCacheError } from '../../errors.ts';
import { differencesInWords } from '../../explain/key-differences.ts';
import { plainWords } from '../../explain/phrase.ts';
import { optional } from '../../util/optional.ts';
import type { Plan } from '../make-plan.ts';

/** Why a run is executed, for people. Never fails: what the ledger does not tell is left out. */
export async function becauseOf(
  store: DedupStore,
  key: RunKey,
  plan: Plan,
  because: MissReason,
): Promise<ExecutedBecause> {
  switch (because.kind) {
    case 'no-record': {
      const nearest =
        key.kind === 'derived'
          ? await nearestRun(store, recentScope(plan), key.parts).catch(() => undefined)
          : undefined;
      return { kind: 'no-record', ...optional('nearest', nearest) };
    }
    case 'target-changed':
    case 'failed-before':
      return { kind: because.kind, run: earlierRun(because.record) };
    case 'distrusted':
    case 'unusable':
      return { kind: because.kind, run: earlierRun(because.record), why: because.why };
    case 'other-inputs':
      return {
        kind: 'other-inputs',
        run: earlierRun(because.record),
        differences: await knownDifferences(store, key.parts, because.record),
      };
    case 'in-flight':
      return {
        kind: 'in-flight',
        ...optional('run', because.owner === undefined ? undefined : earlierRun(because.owner)),
      };
    case 'unavailable':
      return { ...because, ...optional('unusable', store.unusable) };
    case 'read-only': {
      const { kind, why, instead } = because;
      return {
        kind,
        why,
        ...(instead === undefined ? {} : { instead: await becauseOf(store, key, plan, instead) }),
      };
    }
  }
}

/** What runs are neighbours of each other. */
export function recentScope({ project }: Plan): string {
  return project?.name ?? '';
}

/** The error for a given key that was used with other inputs. */
export async function mismatch(
  store: DedupStore,
  key: RunKey,
  record: LedgerRecord,
): Promise<DbtRunCacheError> {
  const differences = await knownDifferences(store, key.parts, record);
  const differing =
    differences.length === 0
      ? 'Which inputs differ is not known'
      : `These differ: ${plainWords(differencesInWords(differences, differences.length))}`;
  return new DbtRunCacheError(
    `The idempotency key was used before with other inputs, by the run of ${record.producer.startedAt}${record.producer.url === undefined ? '' : ` (${record.producer.url})`}. ${differing}`,
    {
      code: 'dedup-mismatch',
      hint: 'Give every set of inputs a key of its own, or let such runs run (on-mismatch: run).',
    },
  );
}

async function knownDifferences(
  store: DedupStore,
  ours: readonly KeyPart[],
  record: LedgerRecord,
): Promise<readonly KeyDifference[]> {
  const theirs = (await fetchParts(store, record)) ?? record.parts;
  const known = ours.filter((part) => theirs.some(({ name }) => name === part.name));
  return compareParts(
    known,
    theirs.filter(({ name }) => known.some((part) => part.name === name)),
  ).filter(({ how }) => how !== 'unknown');
}
