import * as z from 'zod';
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
  | { readonly kind: 'found'; readonly writer: LastWriter }
  | { readonly kind: 'none' }
  | { readonly kind: 'unknown'; readonly why: string };

const Schema = z.object({
  schemaVersion: z.literal(1),
  token: z.string(),
  phase: z.enum(['writing', 'written', 'unclear']),
});

export async function lastWriter(store: DedupStore, target: string): Promise<LastWriterAnswer> {
  const { answer } = await readWriter(store, target);
  return answer;
}

/**
 * Notes that a run is about to write. Must have succeeded before dbt starts.
 * @param heirOf The run whose claim this one adopted: it had the same inputs, so what it left half-done, or still
 *   writes, is what this one writes.
 */
export function noteWriting(
  store: DedupStore,
  target: string,
  token: string,
  retainMs: number,
  heirOf?: string,
): Promise<'noted' | 'unknown'> {
  return change(store, target, retainMs, (before) => {
    // Someone who began and never said that it ended may write still.
    const other = before?.phase === 'writing' && before.token !== token && before.token !== heirOf;
    return { token, phase: other ? 'unclear' : 'writing' };
  });
}

/** Notes that the run has ended. `complete` is false for one that was stopped or failed half-way. */
export function noteWritten(
  store: DedupStore,
  target: string,
  token: string,
  retainMs: number,
  complete: boolean,
): Promise<'noted' | 'unknown'> {
  return change(store, target, retainMs, (before) => ({
    token,
    phase: complete && before?.token === token && before.phase === 'writing' ? 'written' : 'unclear',
  }));
}

async function change(
  store: DedupStore,
  target: string,
  retainMs: number,
  next: (before: LastWriter | undefined) => LastWriter,
): Promise<'noted' | 'unknown'> {
  const name = targetName(target);
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const { answer, version } = await readWriter(store, target);
    if (answer.kind === 'unknown') return 'unknown';
    const value = { schemaVersion: 1, ...next(answer.kind === 'found' ? answer.writer : undefined) };
    const written = await store.write({ name, value: JSON.stringify(value), expected: version, retainMs });
    if (written.kind === 'written') return 'noted';
    if (written.kind === 'unknown') return 'unknown';
  }
  return 'unknown';
}

async function readWriter(
  store: DedupStore,
  target: string,
): Promise<{ readonly answer: LastWriterAnswer; readonly version: string | undefined }> {
  const read = await store.read(targetName(target));
  if (read.kind === 'unknown') return { answer: read, version: undefined };
  if (read.kind === 'absent') return { answer: { kind: 'none' }, version: undefined };
  const { value, version } = read.entry;
  const parsed = Schema.safeParse(jsonOf(value));
  const answer: LastWriterAnswer = parsed.success
    ? { kind: 'found', writer: { token: parsed.data.token, phase: parsed.data.phase } }
    : { kind: 'unknown', why: 'the entry of the target cannot be read' };
  return { answer, version };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
