import * as z from 'zod';
import { digestOf } from '../dedup/names.ts';
import { MAX_VALUE_BYTES } from '../dedup/store.ts';
import { jsonOf } from '../util/json-of.ts';
import { MAX_STATES, type StateIndex, type StatePlace } from './kept-state.ts';

/** The entry that lists the states of a place. */
export function indexName({ project, repository, path, environment }: StatePlace): string {
  return `states/${digestOf(JSON.stringify([project, repository, path, environment]))}`;
}

const Digest = z.string().regex(/^[0-9a-f]{64}$/);
const Count = z.number().int().min(0);
/** Written out in logs: nothing but a time, where `Date.parse()` takes words in brackets as well. */
const Time = z
  .string()
  .regex(/^[\dTZ:.+-]+$/)
  .refine((text) => !Number.isNaN(Date.parse(text)), 'no time');
// What a newer version of this package has added stays where it is when the list is written again.
const File = z.looseObject({ sha256: Digest, bytes: Count, contentBytes: Count });
const Commit = z.looseObject({
  commit: z.string().regex(/^\w{1,64}$/),
  committedAt: Time,
  after: z.array(z.string()),
  engine: z.enum(['core', 'fusion']),
  dbtVersion: z.string().min(1),
  adapterType: z.string().optional(),
  url: z.string().optional(),
});
const State = Commit.extend({
  publishedAt: Time,
  isDirty: z.literal(true).optional(),
  command: z.string(),
  files: z.looseObject({ manifest: File, sources: File.optional(), values: File.optional() }),
});
const Run = Commit.extend({
  startedAt: Time,
  outcome: z.enum(['succeeded', 'failed']),
  runResults: File,
});
const Begun = z.looseObject({
  token: z.string().regex(/^[\w-]{1,64}$/),
  commit: z.string().regex(/^\w{1,64}$/),
  startedAt: Time,
});
const Index = z.looseObject({
  schemaVersion: z.literal(1),
  states: z.array(State),
  lastRun: Run.optional(),
  begun: z.array(Begun).optional(),
});

export type ParsedIndex =
  | { readonly kind: 'read'; readonly index: StateIndex }
  | { readonly kind: 'unknown'; readonly why: string };

/** A list that cannot be read is not an empty one: a newer version of this package may have written it. */
export function parseIndex(value: string): ParsedIndex {
  const json = jsonOf(value);
  if (json === undefined) return { kind: 'unknown', why: 'the list of states is not JSON' };
  const parsed = Index.safeParse(json);
  if (parsed.success) return { kind: 'read', index: parsed.data as StateIndex };
  const place = parsed.error.issues[0]?.path.join('.');
  const at = place === undefined || place === '' ? '' : ` (at ${place})`;
  return { kind: 'unknown', why: `the list of states has a shape that this version does not know${at}` };
}

/** The entry's value, without as many of the oldest states as do not fit; undefined where not even the newest does. */
export function printIndex(index: StateIndex): string | undefined {
  for (let count = Math.min(MAX_STATES, index.states.length); count >= 0; count -= 1) {
    if (count === 0 && index.states.length > 0) return undefined;
    const value = JSON.stringify({ ...index, states: index.states.slice(0, count) });
    if (Buffer.byteLength(value) <= MAX_VALUE_BYTES) return value;
  }
  return undefined;
}
