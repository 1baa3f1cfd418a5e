import { types } from 'node:util';
import * as z from 'zod';

/** Anyone may write a driver, in any language that becomes JavaScript: what it answers is looked at before it is believed. */
const Unknown = z.object({ kind: z.literal('unknown'), why: z.string() });
const Absent = z.object({ kind: z.literal('absent') });
const Entry = z.object({ value: z.string(), version: z.string(), ageMs: z.number() });
const Count = z.number().int().min(0);

export const READ = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('found'), entry: Entry }),
  Absent,
  Unknown,
]);

export const WRITE = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('written'), version: z.string() }),
  z.object({ kind: z.literal('conflict') }),
  Unknown,
]);

export const BLOB = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('found'), bytes: z.custom<Uint8Array>((value) => types.isUint8Array(value)) }),
  Absent,
  Unknown,
]);

export const SWEEP = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('swept'), entries: Count, blobs: Count }),
  Unknown,
]);
