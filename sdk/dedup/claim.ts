import type { FinishAnswer, FinishedRun, Places } from './coordinator.ts';
import type { HeldLease } from './hold-lease.ts';
import type { Lease } from './lease.ts';
import type { DedupPolicy } from './policy.ts';
import type { KeyPart, LedgerRecord } from './record.ts';
import type { WriteRegister } from './write-register.ts';

/** The right, and the duty, to finish a key. */
export interface Claim {
  /** False for a run outside of the ledger: it leaves no record, and only tells others that it wrote. */
  readonly owns: boolean;
  /** How often the key has changed owners; 0 outside of the ledger. */
  readonly attempt: number;
  readonly token: string;
  /** The owner before had fallen silent. */
  readonly adopted: boolean;
  /** Aborted when another run has taken the key over. */
  readonly lost: AbortSignal;
  /**
   * Tells others of more places that the run writes to, which showed only now. Best effort, throws nothing.
   * @returns The digests of all places that others were told of.
   */
  note(places: readonly string[]): Promise<readonly string[]>;
  /** Leaves the record of the finished run. Best effort: says what became of it, throws nothing. */
  finish(record: FinishedRun, places?: Places): Promise<FinishAnswer>;
  /** Frees the key without a record: the run failed, was stopped, or never began. */
  abandon(places?: Places): Promise<FinishAnswer>;
  /** Stops the signs of life and leaves the claim as it is, for who ends it elsewhere. Nothing of the ledger changes. */
  handOver(): void;
}

export interface ClaimParts {
  readonly policy: Pick<DedupPolicy, 'dedupOn'>;
  readonly key: { readonly kind: 'given' | 'derived'; readonly parts: readonly KeyPart[] };
  readonly held: HeldLease;
  readonly register: WriteRegister;
  readonly adopted: boolean;
}

/** The claim of a run that owns its key. */
export function ownedClaim({ policy, key, held, register, adopted }: ClaimParts): Claim {
  const { lease } = held;
  const notes = notesOf(register);
  const end = once(held.stop, notes.settled);
  return {
    owns: true,
    attempt: lease.attempt,
    token: lease.token,
    adopted,
    lost: held.lost,
    note: notes.note,
    finish: (record, places) =>
      end(async () => {
        const isFreed = record.result === 'failed' && policy.dedupOn === 'success';
        // A run that failed left what it left: a record of it stands for that as well.
        const writers = await register.close(places, !isFreed);
        if (isFreed) return release(lease);
        if (writers === undefined && key.kind === 'derived') {
          const released = await release(lease);
          return released === 'done' ? 'not-kept' : released;
        }
        const body: LedgerRecord = {
          ...record,
          token: lease.token,
          keyKind: key.kind,
          parts: key.parts.map(({ name, digest }) => ({ name, digest })),
          writers: writers ?? {},
        };
        return word(await lease.settle(body));
      }),
    abandon: (places) =>
      end(async () => {
        await register.close(places, false);
        return release(lease);
      }),
    handOver: () => void end(async () => 'done'),
  };
}

/** That of a run outside of the ledger. `register`: undefined where others could not be told. */
export function outsideClaimOf(token: string, register: WriteRegister | undefined): Claim {
  const notes = notesOf(register);
  const end = once(() => undefined, notes.settled);
  const close = (places: Places | undefined): Promise<FinishAnswer> =>
    end(async () => {
      if (register === undefined) return 'unknown';
      await register.close(places, false);
      return 'done';
    });
  return {
    owns: false,
    attempt: 0,
    token,
    adopted: false,
    lost: new AbortController().signal,
    note: notes.note,
    finish: (_record, places) => close(places),
    abandon: close,
    handOver: () => void end(async () => 'done'),
  };
}

/** The second of two ways out finds that the first has done it. */
function once(
  before: () => void,
  settled: () => Promise<unknown>,
): (action: () => Promise<FinishAnswer>) => Promise<FinishAnswer> {
  let ended: Promise<FinishAnswer> | undefined;
  return (action) => {
    before();
    ended ??= settled()
      .then(action)
      .catch(() => 'unknown');
    return ended;
  };
}

/** Places that are noted one after the other, and before the end. After it nothing is noted any more. */
function notesOf(register: WriteRegister | undefined) {
  let last: Promise<readonly string[]> = Promise.resolve(register?.noted.writes ?? []);
  let isOver = false;
  return {
    note: (places: readonly string[]): Promise<readonly string[]> => {
      if (register === undefined || isOver) return last;
      last = last.then((before) => register.note(places).catch(() => before));
      return last;
    },
    settled: (): Promise<unknown> => {
      isOver = true;
      return last;
    },
  };
}

async function release(lease: Lease): Promise<FinishAnswer> {
  return word(await lease.release());
}

function word(answer: 'settled' | 'released' | 'lost' | 'unknown'): FinishAnswer {
  return answer === 'lost' || answer === 'unknown' ? answer : 'done';
}
