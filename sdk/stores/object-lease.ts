import { setTimeout as delay } from 'node:timers/promises';
import type { DedupStore, ReadAnswer, WriteAnswer, WriteRequest } from '../dedup/store.ts';
import { checkName, checkValue } from '../dedup/store-names.ts';
import { unlisted } from '../dedup/store-trouble.ts';
import { type Content, MAX_CONTENT_BYTES, parseContent, printContent } from './object-content.ts';
import type { Condition, ListedObject, ObjectGet, ObjectPut, ObjectService } from './object-service.ts';
import { DEAD_KEPT_MS, READS_AT_ONCE, sweepObjects } from './object-sweep.ts';
import { type Trouble, within } from './within.ts';

/** Services take about one write a second to one object, so the pauses add up to more than that. */
const MAX_TRIES = 4;
const FIRST_PAUSE_MS = 250;
const CHECK = 'Check that the store can be reached, and that its credentials may list the bucket.';
/** A slow line still moves this many bytes a millisecond. */
const SLOWEST_BYTES_PER_MS = 100;

export interface ObjectStoreOptions {
  /** Folder within the bucket, without slashes at its ends. */
  readonly prefix: string;
  /** For one request about an entry; blobs get more, by their size. */
  readonly timeoutMs: number;
}

/** A ledger of objects, one an entry, changed by conditional writes alone. */
export function objectStore(service: ObjectService, { prefix, timeoutMs }: ObjectStoreOptions): DedupStore {
  const entriesRoot = `${prefix}/entries/`;
  const keyOf = (name: string): string => entriesRoot + checkName(name);
  const blobsRoot = `${prefix}/blobs/`;
  const blobKeyOf = (name: string): string => blobsRoot + checkName(name);
  const blobTimeoutMs = (bytes: number): number => timeoutMs + Math.ceil(bytes / SLOWEST_BYTES_PER_MS);

  async function ask<T>(ms: number, action: (signal: AbortSignal) => Promise<T>): Promise<T | Trouble> {
    await service.ready();
    return within(ms, action);
  }
  const get = (key: string, maxBytes: number, ms: number): Promise<ObjectGet> =>
    patiently(() => ask(ms, (signal) => service.get(key, maxBytes, signal)));
  const put = (key: string, content: Content, condition: Condition): Promise<ObjectPut> =>
    whileBusy(() => ask(timeoutMs, (signal) => service.put(key, printContent(content), condition, signal)));

  async function look(key: string): Promise<Looked> {
    const found = await get(key, MAX_CONTENT_BYTES, timeoutMs);
    if (found.kind !== 'found') return found;
    const content = parseContent(found.bytes);
    const { tag, ageMs } = found;
    if (content === undefined)
      return { kind: 'unreadable', why: 'the entry has a shape this version does not know' };
    return content.kind === 'value' && ageMs <= content.retainMs
      ? { kind: 'live', value: content.value, tag, ageMs }
      : { kind: 'dead', tag, deadMs: ageMs - (content.kind === 'value' ? content.retainMs : 0) };
  }

  async function write({ name, value, expected, retainMs }: WriteRequest): Promise<WriteAnswer> {
    const key = keyOf(name);
    const content: Content = { kind: 'value', value, retainMs };
    if (expected !== undefined) return answered(await put(key, content, { kind: 'tag', tag: expected }));
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const created = await put(key, content, { kind: 'absent' });
      if (created.kind !== 'refused') return answered(created);
      // What is removed, or past its retention, is still an object.
      const found = await look(key);
      if (found.kind === 'unknown' || found.kind === 'unreadable') return unknown(found);
      if (found.kind === 'live') return { kind: 'conflict' };
      if (found.kind === 'absent') continue;
      let { tag } = found;
      if (found.deadMs > DEAD_KEPT_MS / 2) {
        // A sweep may be deleting what has been dead for long, and not every service checks and deletes in one step. A
        // fresh mark goes first: when the delete takes that away after all, the write below finds it gone.
        const marked = await put(key, { kind: 'removed' }, { kind: 'tag', tag });
        if (marked.kind === 'refused') continue;
        if (marked.kind !== 'written') return answered(marked);
        tag = marked.tag;
      }
      const replaced = await put(key, content, { kind: 'tag', tag });
      // Refused: it was made anew, or cleared away, which leaves the name to whoever is first.
      if (replaced.kind !== 'refused') return answered(replaced);
    }
    return { kind: 'unknown', why: `${name} kept coming and going` };
  }

  async function* objects(keyPrefix: string): AsyncIterable<readonly ListedObject[]> {
    let next: string | undefined;
    do {
      const page = await patiently(() => ask(timeoutMs, (signal) => service.list(keyPrefix, next, signal)));
      if (page.kind === 'unknown') throw unlisted(service.kind, page.why, CHECK);
      for (let from = 0; from < page.objects.length; from += READS_AT_ONCE)
        yield page.objects.slice(from, from + READS_AT_ONCE);
      next = page.next;
    } while (next !== undefined);
  }

  return {
    kind: service.kind,
    guarantees: { scope: 'everyone', renews: true, durable: true },
    read: async (name): Promise<ReadAnswer> => {
      const found = await look(keyOf(name));
      if (found.kind === 'unknown' || found.kind === 'unreadable') return unknown(found);
      if (found.kind !== 'live') return { kind: 'absent' };
      const { value, tag, ageMs } = found;
      return { kind: 'found', entry: { value, version: tag, ageMs } };
    },
    write: async (request) => {
      checkValue(request.value);
      return write(request);
    },
    remove: async (name, version) => {
      const written = await put(keyOf(name), { kind: 'removed' }, { kind: 'tag', tag: version });
      return written.kind === 'written' ? { kind: 'written', version } : answered(written);
    },
    async *list(namePrefix) {
      for await (const page of objects(entriesRoot + namePrefix)) {
        const found = await Promise.all(page.map(async ({ key }) => ({ key, ...(await look(key)) })));
        for (const one of found) {
          if (one.kind === 'unknown') throw unlisted(service.kind, one.why, CHECK);
          // What cannot be read is not absent.
          if (one.kind === 'live' || one.kind === 'unreadable') yield one.key.slice(entriesRoot.length);
          if (one.kind === 'dead' && one.deadMs > DEAD_KEPT_MS)
            await ask(timeoutMs, (signal) => service.remove(one.key, one.tag, signal)).catch(() => undefined);
        }
      }
    },
    putBlob: async (name, bytes) => {
      const key = blobKeyOf(name);
      const ms = blobTimeoutMs(bytes.byteLength);
      // The same bytes whoever writes them, so that trying again is always safe.
      const written = await patiently(() =>
        whileBusy(() => ask(ms, (signal) => service.put(key, bytes, { kind: 'any' }, signal))),
      );
      return written.kind === 'written' ? { kind: 'written', version: name } : answered(written);
    },
    getBlob: async (name, maxBytes) => {
      const found = await get(blobKeyOf(name), maxBytes, blobTimeoutMs(maxBytes));
      if (found.kind === 'unknown') return unknown(found);
      return found.kind === 'found' ? { kind: 'found', bytes: found.bytes } : found;
    },
    sweep: (options) =>
      sweepObjects(
        { service, entriesRoot, blobsRoot, look, ask: (action) => ask(timeoutMs, action) },
        options,
      ),
    close: () => service.close(),
  };
}

export type Looked =
  | { readonly kind: 'live'; readonly value: string; readonly tag: string; readonly ageMs: number }
  | { readonly kind: 'dead'; readonly tag: string; readonly deadMs: number }
  | { readonly kind: 'absent' }
  /** It is there, and is no entry of this version. */
  | { readonly kind: 'unreadable'; readonly why: string }
  | Trouble;

function answered(put: ObjectPut): WriteAnswer {
  switch (put.kind) {
    case 'written':
      return { kind: 'written', version: put.tag };
    case 'refused':
      return { kind: 'conflict' };
    case 'busy':
    case 'unknown':
      return unknown(put);
  }
}

function unknown({ why }: { readonly why: string }): { readonly kind: 'unknown'; readonly why: string } {
  return { kind: 'unknown', why };
}

/** For what may be asked twice. */
function patiently<T extends { readonly kind: string }>(
  ask: () => Promise<T | Trouble>,
): Promise<T | Trouble> {
  return repeat(ask, (answer) => 'again' in answer && answer.again);
}

/** A conditional write is repeated only where the service says that it did nothing. */
function whileBusy(ask: () => Promise<ObjectPut>): Promise<ObjectPut> {
  return repeat(ask, ({ kind }) => kind === 'busy');
}

async function repeat<T>(ask: () => Promise<T>, isWorthIt: (answer: T) => boolean): Promise<T> {
  for (let tries = 1, pauseMs = FIRST_PAUSE_MS; ; tries += 1, pauseMs *= 2) {
    const answer = await ask();
    if (tries === MAX_TRIES || !isWorthIt(answer)) return answer;
    // Not all of those who collided come back at once.
    await delay(pauseMs * (0.5 + Math.random()));
  }
}
