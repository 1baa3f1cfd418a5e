import { setTimeout as sleep } from 'node:timers/promises';
import type { DedupStore, WriteAnswer } from '../dedup/store.ts';
import { putCompressed } from '../dedup/stored-blob.ts';
import { optional } from '../util/optional.ts';
import { type Addition, addToIndex } from './add-to-index.ts';
import { isSameLine } from './engine-line.ts';
import type {
  BegunRun,
  KeptFile,
  KeptState,
  KnownValues,
  LastRun,
  StateIndex,
  StatePlace,
} from './kept-state.ts';
import { indexName, parseIndex, printIndex } from './state-index.ts';

/** The blobs of states: `states/<digest>`. */
export const STATE_BLOBS = 'states';

/** As many publishers as there may be at once win one after the other. */
const MAX_TRIES = 40;
const FIRST_WAIT_MS = 20;
const MAX_WAIT_MS = 2000;
/** Answers that never came, before it is given up. */
const MAX_UNKNOWN = 3;

/** What a run leaves; `after` of both: its ancestors, the nearest first. The first 20 are kept. */
export interface Leaving {
  readonly state?: {
    readonly state: Omit<KeptState, 'files'>;
    readonly contents: {
      readonly manifest: Uint8Array;
      readonly sources?: Uint8Array;
      readonly values?: KnownValues;
    };
  };
  readonly lastRun?: { readonly run: Omit<LastRun, 'runResults'>; readonly runResults: Uint8Array };
  /** Tokens of `noteBegun()`: of this run, and of those whose work is in what this one has built. */
  readonly ended?: readonly string[];
}

type Unknown = { readonly kind: 'unknown'; readonly why: string; readonly readOnly?: true };

/**
 * `isNewest`: no kept state is of a newer commit. `lastRunTaken`: the run is now the last one that the place knows; a run of
 * an older commit never is.
 */
export type LeaveAnswer =
  | { readonly kind: 'left'; readonly isNewest: boolean; readonly lastRunTaken: boolean }
  | Unknown;

/**
 * Leaves a state, the results of the last run, or both. Contents go first, so that what is listed is there. The list is
 * ordered by commit: who comes late with an older commit takes nobody's place.
 */
export async function leaveState(
  store: DedupStore,
  place: StatePlace,
  leaving: Leaving,
  { retainMs }: { readonly retainMs: number },
): Promise<LeaveAnswer> {
  const put = putter(store, retainMs);
  const [state, lastRun] = await Promise.all([putState(put, leaving.state), putRun(put, leaving.lastRun)]);
  if (isUnknown(state)) return state;
  if (isUnknown(lastRun)) return lastRun;
  const { ended } = leaving;
  const addition = {
    ...optional('state', state),
    ...optional('lastRun', lastRun),
    ...optional('ended', ended),
  };
  const listed = await list(store, place, addition, retainMs);
  return listed.kind === 'unknown' ? listed : outcome(listed.index, addition);
}

/**
 * Notes that a run begins to build the environment, so that nobody takes its tables for those of a state, should it be killed.
 * @returns Those that had begun before and have not ended. Best effort: undefined where it could not be noted.
 */
export async function noteBegun(
  store: DedupStore,
  place: StatePlace,
  begun: BegunRun,
  { retainMs }: { readonly retainMs: number },
): Promise<readonly BegunRun[] | undefined> {
  const noted = await list(store, place, { begun }, retainMs);
  if (noted.kind === 'unknown') return undefined;
  return (noted.index.begun ?? []).filter(({ token }) => token !== begun.token);
}

type Put = (bytes: Uint8Array | undefined) => Promise<KeptFile | Unknown | undefined>;

function putter(store: DedupStore, retainMs: number): Put {
  return async (bytes) => {
    if (bytes === undefined) return undefined;
    const answer = await putCompressed(store, STATE_BLOBS, [bytes], retainMs);
    if (answer.kind === 'stored') return { ...answer.blob, contentBytes: bytes.byteLength };
    return asUnknown(answer);
  };
}

async function putState(put: Put, leaving: Leaving['state']): Promise<KeptState | Unknown | undefined> {
  if (leaving === undefined) return undefined;
  const { manifest, sources, values } = leaving.contents;
  const [first, second, third] = await Promise.all([
    put(manifest),
    put(sources),
    put(values === undefined ? undefined : Buffer.from(JSON.stringify(values))),
  ]);
  const unknown = [first, second, third].find(isUnknown);
  if (unknown !== undefined) return unknown;
  const files = { manifest: first, ...optional('sources', second), ...optional('values', third) };
  return { ...leaving.state, files } as KeptState;
}

async function putRun(put: Put, leaving: Leaving['lastRun']): Promise<LastRun | Unknown | undefined> {
  if (leaving === undefined) return undefined;
  const runResults = await put(leaving.runResults);
  return isUnknown(runResults) ? runResults : ({ ...leaving.run, runResults } as LastRun);
}

/** Adds to the list by compare-and-set. Adding twice changes nothing, so a reply that was lost does no harm. */
async function list(
  store: DedupStore,
  place: StatePlace,
  addition: Addition,
  retainMs: number,
): Promise<{ readonly kind: 'listed'; readonly index: StateIndex } | Unknown> {
  const name = indexName(place);
  let unanswered = 0;
  let last: Unknown = { kind: 'unknown', why: 'others kept changing the list of states' };
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    if (tries > 0) await sleep(Math.random() * Math.min(FIRST_WAIT_MS * 2 ** tries, MAX_WAIT_MS));
    const read = await store.read(name);
    if (read.kind === 'unknown') {
      last = asUnknown(read);
      unanswered += 1;
      if (unanswered >= MAX_UNKNOWN) return last;
      continue;
    }
    const entry = read.kind === 'found' ? read.entry : undefined;
    const parsed = entry === undefined ? EMPTY : parseIndex(entry.value);
    if (parsed.kind === 'unknown') return parsed;
    const value = printIndex(addToIndex(parsed.index, addition));
    if (value === undefined)
      return { kind: 'unknown', why: 'what it says of the run is too large to be kept' };
    const listed = { kind: 'listed', index: JSON.parse(value) as StateIndex } as const;
    if (value === entry?.value) return listed;
    const written = await store.write({ name, value, expected: entry?.version, retainMs });
    if (written.kind === 'written') return listed;
    if (written.kind === 'conflict') continue;
    last = asUnknown(written);
    unanswered += 1;
    if (written.refused === true || last.readOnly === true || unanswered >= MAX_UNKNOWN) return last;
  }
  return last;
}

const EMPTY = { kind: 'read', index: { schemaVersion: 1, states: [] } satisfies StateIndex } as const;

function outcome(index: StateIndex, { state, lastRun }: Addition): LeaveAnswer {
  const isKept = (kept: KeptState): boolean =>
    state !== undefined && kept.commit === state.commit && isSameLine(kept, state);
  if (state !== undefined && !index.states.some(isKept)) {
    const count = index.states.length;
    return { kind: 'unknown', why: `all of the ${count} states that are kept are of newer commits` };
  }
  return {
    kind: 'left',
    isNewest: state !== undefined && index.states[0]?.commit === state.commit,
    lastRunTaken:
      lastRun !== undefined &&
      index.lastRun?.commit === lastRun.commit &&
      index.lastRun.startedAt === lastRun.startedAt,
  };
}

function asUnknown(answer: Extract<WriteAnswer, { kind: 'unknown' }>): Unknown {
  return { kind: 'unknown', why: answer.why, ...optional('readOnly', answer.readOnly) };
}

function isUnknown(value: object | undefined): value is Unknown {
  return value !== undefined && 'kind' in value && value.kind === 'unknown';
}
