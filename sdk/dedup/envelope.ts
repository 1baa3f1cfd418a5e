import * as z from 'zod';
import { jsonOf } from '../util/json-of.ts';
import { optional } from '../util/optional.ts';

/** What the lease layer writes around every entry. */
export interface Envelope {
  /** `held`: an owner is at work. `settled`: it left a result. `free`: it left none. */
  readonly state: 'held' | 'settled' | 'free';
  /** 1 for the first owner of a name; each change of owner adds one. */
  readonly attempt: number;
  /** The owner's. */
  readonly token: string;
  readonly leaseMs: number;
  /** Counts the owner's writes, so that one whose reply was lost is recognised. */
  readonly beat: number;
  readonly body: unknown;
  /** The token of the owner before, where that one had fallen silent. */
  readonly adoptedFrom?: string;
}

/** Fields are only ever added: a reader ignores what it does not know, and refuses another version. */
const Schema = z.object({
  schemaVersion: z.literal(1),
  state: z.enum(['held', 'settled', 'free']),
  attempt: z.number().int().positive(),
  token: z.string().min(1),
  leaseMs: z.number().positive(),
  beat: z.number().int().min(0),
  body: z.unknown(),
  adoptedFrom: z.string().optional(),
});

export function printEnvelope(envelope: Envelope): string {
  return JSON.stringify({ schemaVersion: 1, ...envelope });
}

/** An entry that cannot be read is not free: a newer version of this package may hold it. */
export function parseEnvelope(
  value: string,
):
  | { readonly kind: 'read'; readonly envelope: Envelope }
  | { readonly kind: 'unreadable'; readonly why: string } {
  const json = jsonOf(value);
  if (json === undefined) return { kind: 'unreadable', why: 'the entry is not JSON' };
  const parsed = Schema.safeParse(json);
  if (!parsed.success) return { kind: 'unreadable', why: 'the entry has a shape this version does not know' };
  const { schemaVersion: _, adoptedFrom, ...rest } = parsed.data;
  return { kind: 'read', envelope: { ...rest, ...optional('adoptedFrom', adoptedFrom) } };
}
