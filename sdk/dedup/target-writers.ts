import * as z from 'zod';
import { jsonOf } from '../util/json-of.ts';
import { targetName } from './names.ts';
import type { DedupStore } from './store.ts';

const MAX_TRIES = 20;

/**
 * Who wrote to a warehouse target last. A record may stand for what is in the warehouse only while its run is the last
 * that wrote there: after A, then B, a second A finds B's tables, whatever A's record says.
 *
 * - `writing`: that run has begun, so nothing older can be trusted.
 * - `written`: that run finished, and no other wrote beside it.
 * - `unclear`: runs overlapped, so what is there is nobody's alone.
 */
export interface LastWriter {
  readonly token: string;
  readonly phase: 'writing' | 'written' | 'unclear';
}

export type LastWriterAnswer =
  | { readonly kind: 'found'; readonly writer: LastWriter; readonly ageMs: number }
  | { readonly kind: 'none' }
  | { readonly kind: 'unknown'; readonly why: string };

const Schema = z.object({
  schemaVersion: z.literal(1),
  token: z.string(),
  phase: z.enum(['writing', 'written', 'unclear']),
});

/** @param place The digest of its name. */
export async function lastWriter(store: DedupStore, place: string): Promise<LastWriterAnswer> {
  const { answer } = await readWriter(store, place);
  return answer;
}

/**
 * Notes that a run is about to write. Must have succeeded before dbt starts.
 * @param place The digest of its name, here and below.
 * @param heirOf The run whose claim this one adopted: it had the same inputs, so what it left half-done, or still
 *   writes, is what this one writes.
 */
export function noteWriting(
  store: DedupStore,
  place: string,
  token: string,
  retainMs: number,
  heirOf?: string,
): Promise<'noted' | 'unknown'> {
  return change(store, place, retainMs, (before) => {
    // Someone who began and never said that it ended may write still.
    const other = before?.phase === 'writing' && before.token !== token && before.token !== heirOf;
    return { token, phase: other ? 'unclear' : 'writing' };
  });
}

/** Notes that the run has ended. `complete` is false for one that was stopped or failed half-way. */
export function noteWritten(
  store: DedupStore,
  place: string,
  token: string,
  retainMs: number,
  complete: boolean,
): Promise<'noted' | 'unknown'> {
  return change(store, place, retainMs, (before) => ({
    token,
    phase: complete && before?.token === token && before.phase === 'writing' ? 'written' : 'unclear',
  }));
}

/**
 * Notes after the fact that the run has written to a place nobody could tell before, e.g. a schema that a model chose.
 * @param sinceMs How long ago the run began: who noted anything there since was at it at the same time.
 */
export function noteWrote(
  store: DedupStore,
  place: string,
  token: string,
  retainMs: number,
  { complete, sinceMs }: { readonly complete: boolean; readonly sinceMs: number },
): Promise<'noted' | 'unknown'> {
  return change(store, place, retainMs, (before, ageMs) => {
    const other = before !== undefined && before.token !== token;
    const beside = other && (before.phase === 'writing' || ageMs <= sinceMs);
    return { token, phase: complete && !beside ? 'written' : 'unclear' };
  });
}

async function change(
  store: DedupStore,
  place: string,
  retainMs: number,
  next: (before: LastWriter | undefined, ageMs: number) => LastWriter,
): Promise<'noted' | 'unknown'> {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const { answer, version } = await readWriter(store, place);
    if (answer.kind === 'unknown') return 'unknown';
    const value = {
      schemaVersion: 1,
      ...(answer.kind === 'found' ? next(answer.writer, answer.ageMs) : next(undefined, 0)),
    };
    const written = await store.write({
      name: targetName(place),
      value: JSON.stringify(value),
      expected: version,
      retainMs,
    });
    if (written.kind === 'written') return 'noted';
    if (written.kind === 'unknown') return 'unknown';
  }
  return 'unknown';
}

async function readWriter(
  store: DedupStore,
  place: string,
): Promise<{ readonly answer: LastWriterAnswer; readonly version: string | undefined }> {
  const read = await store.read(targetName(place));
  if (read.kind === 'unknown') return { answer: read, version: undefined };
  if (read.kind === 'absent') return { answer: { kind: 'none' }, version: undefined };
  const { value, version, ageMs } = read.entry;
  const parsed = Schema.safeParse(jsonOf(value));
  const answer: LastWriterAnswer = parsed.success
    ? { kind: 'found', writer: { token: parsed.data.token, phase: parsed.data.phase }, ageMs }
    : { kind: 'unknown', why: 'the entry of the target cannot be read' };
  return { answer, version };
}
