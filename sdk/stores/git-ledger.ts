import { setTimeout as delay } from 'node:timers/promises';
import { MAX_VALUE_BYTES, type WriteAnswer } from '../dedup/store.ts';
import { type GitContent, parseMessage, printMessage } from './git-content.ts';
import type { GitService, GitTrouble, Moved } from './git-service.ts';
import { ageOf } from './object-service.ts';

const MAX_TRIES = 3;
const FIRST_PAUSE_MS = 250;
/** A sweep deletes a ref right after it said so; one that did not in this time is gone, or is not believed. */
export const SWEEPING_MS = 10 * 60_000;

/** What the full names of refs begin with. */
export interface LedgerRefs {
  readonly entries: string;
  readonly blobs: string;
}

/** What is to stand in a commit, and the tree that keeps its blob from being collected as garbage. */
type NewContent = GitContent & { readonly tree?: string };

type Live = Extract<GitContent, { readonly kind: 'value' | 'value-in-blob' }>;

export type Looked =
  | { readonly kind: 'live'; readonly sha: string; readonly ageMs: number; readonly content: Live }
  | { readonly kind: 'dead'; readonly sha: string; readonly deadMs: number }
  /** A sweep is about to delete it. */
  | { readonly kind: 'sweeping' }
  /** It is there, and is nothing of this version's ledger. */
  | { readonly kind: 'unreadable'; readonly why: string }
  | GitTrouble;

type Kept = { readonly kind: 'kept'; readonly blob: string; readonly tree: string } | GitTrouble;

/** Entries and blobs as commits that refs point to. */
export interface GitLedger {
  look(ref: string): Promise<Looked | { readonly kind: 'absent' }>;
  /** What an entry's ref says when it points there. `date`: now, by GitHub's clock. */
  judge(sha: string, date: number, signal?: AbortSignal): Promise<Looked>;
  valueOf(live: Extract<Looked, { kind: 'live' }>): Promise<string | { readonly why: string }>;
  /** Stores bytes that no ref leads to yet. */
  keep(bytes: Uint8Array): Promise<Kept>;
  /** Moves a ref from `expected`, or makes it where that is undefined; one of any number of writers does. */
  move(ref: string, content: NewContent, expected: string | undefined): Promise<WriteAnswer>;
  /** Makes or moves a ref, whatever it points to. */
  put(ref: string, content: NewContent): Promise<WriteAnswer>;
  blobAt(
    ref: string,
    maxBytes: number,
  ): Promise<
    | { readonly kind: 'found'; readonly bytes: Uint8Array }
    | { readonly kind: 'absent' }
    | { readonly kind: 'unreadable' | 'unknown'; readonly why: string }
  >;
}

export function gitLedger(service: GitService): GitLedger {
  let plainTree: string | undefined;

  /** What a commit without a blob is made of: GitHub knows no empty tree. */
  async function treeFor({ tree }: NewContent): Promise<string | GitTrouble> {
    const known = tree ?? plainTree;
    if (known !== undefined) return known;
    const made = await patiently(() =>
      service.putTree({ content: 'An entry of the ledger of dbt-runcache.\n' }),
    );
    if (made.kind === 'unknown') return made;
    plainTree = made.sha;
    return made.sha;
  }

  async function commit(content: NewContent, parent: string | undefined) {
    const tree = await treeFor(content);
    if (typeof tree !== 'string') return tree;
    const { tree: _, ...said } = content;
    const message = printMessage(said);
    return patiently(() => service.putCommit(message, tree, parent));
  }

  async function judge(sha: string, date: number, signal?: AbortSignal): Promise<Looked> {
    const found = await patiently(() => service.commit(sha, signal));
    if (found.kind === 'unknown') return found;
    const content = found.kind === 'found' ? parseMessage(found.commit.message) : undefined;
    const ageMs = found.kind === 'found' ? ageOf(date, found.commit.committedAt) : undefined;
    if (content === undefined || content.kind === 'blob' || ageMs === undefined)
      return { kind: 'unreadable', why: 'the ref points to nothing that this version knows' };
    if (content.kind === 'removed') return { kind: 'dead', sha, deadMs: ageMs };
    if (content.kind === 'sweeping')
      return ageMs <= SWEEPING_MS ? { kind: 'sweeping' } : { kind: 'dead', sha, deadMs: ageMs };
    return ageMs <= content.retainMs
      ? { kind: 'live', sha, ageMs, content }
      : { kind: 'dead', sha, deadMs: ageMs - content.retainMs };
  }

  /**
   * Sends the very same move until there is an answer. That is safe: a commit is made once, so a move that had
   * happened already finds itself standing, or finds someone after it.
   */
  async function settle(ref: string, sha: string, send: () => Promise<Moved>): Promise<WriteAnswer> {
    let isLost = false;
    let why = 'an earlier try may have been done, and something else stands now';
    for (let tries = 1; ; tries += 1) {
      const answer = await send();
      if (answer.kind === 'done') return { kind: 'written', version: sha };
      if (answer.kind === 'refused' && !isLost) return { kind: 'conflict' };
      if (answer.kind === 'unknown') {
        why = answer.why;
        isLost ||= answer.lost;
        if (!isLost && !answer.again) return { kind: 'unknown', why };
        if (answer.again && tries < MAX_TRIES) {
          await pause(tries);
          continue;
        }
      }
      const found = await service.find(ref);
      return found.kind === 'found' && found.sha === sha
        ? { kind: 'written', version: sha }
        : { kind: 'unknown', why };
    }
  }

  async function bytesOf(blob: string, bytes: number) {
    const found = await patiently(() => service.blob(blob, bytes));
    if (found.kind === 'unknown' || found.bytes.byteLength === bytes) return found;
    return { kind: 'unreadable' as const, why: `the blob has not the ${bytes} bytes it should have` };
  }

  return {
    look: async (ref) => {
      const found = await patiently(() => service.find(ref));
      return found.kind === 'found' ? judge(found.sha, found.date) : found;
    },
    judge,
    valueOf: async ({ content }) => {
      if (content.kind === 'value') return content.value;
      if (content.bytes > MAX_VALUE_BYTES)
        return { why: `a value of ${content.bytes} bytes is larger than any of the ledger` };
      const found = await bytesOf(content.blob, content.bytes);
      return found.kind === 'found' ? Buffer.from(found.bytes).toString() : found;
    },
    keep: async (bytes) => {
      const blob = await patiently(() => service.putBlob(bytes));
      if (blob.kind === 'unknown') return blob;
      const tree = await patiently(() => service.putTree({ sha: blob.sha }));
      return tree.kind === 'unknown' ? tree : { kind: 'kept', blob: blob.sha, tree: tree.sha };
    },
    move: async (ref, content, expected) => {
      const made = await commit(content, expected);
      if (made.kind === 'unknown') {
        const { why, readOnly } = made;
        return readOnly === true
          ? { kind: 'unknown', why, refused: true, readOnly }
          : { kind: 'unknown', why };
      }
      if (made.kind === 'made')
        return settle(ref, made.sha, () =>
          expected === undefined ? service.create(ref, made.sha) : service.forward(ref, made.sha),
        );
      // A version that is gone from the repository is not the one that stands.
      const found = await patiently(() => service.find(ref));
      if (found.kind === 'unknown') return { kind: 'unknown', why: found.why };
      return found.kind === 'found' && found.sha === expected
        ? { kind: 'unknown', why: 'GitHub took no commit upon the one that stands' }
        : { kind: 'conflict' };
    },
    put: async (ref, content) => {
      const made = await commit(content, undefined);
      if (made.kind !== 'made')
        return { kind: 'unknown', why: made.kind === 'unknown' ? made.why : 'GitHub took no commit' };
      for (let tries = 1; tries <= MAX_TRIES; tries += 1) {
        for (const send of [service.create, service.force]) {
          const answer = await patiently(() => send(ref, made.sha));
          if (answer.kind === 'done') return { kind: 'written', version: made.sha };
          if (answer.kind === 'unknown') return { kind: 'unknown', why: answer.why };
        }
      }
      return { kind: 'unknown', why: `${ref} kept coming and going` };
    },
    blobAt: async (ref, maxBytes) => {
      const found = await patiently(() => service.find(ref));
      if (found.kind !== 'found') return found;
      const made = await patiently(() => service.commit(found.sha));
      if (made.kind === 'unknown') return made;
      const content = made.kind === 'found' ? parseMessage(made.commit.message) : undefined;
      if (content?.kind !== 'blob')
        return { kind: 'unreadable', why: 'the ref points to nothing that this version knows' };
      if (content.bytes > maxBytes)
        return { kind: 'unreadable', why: `the blob is larger than ${maxBytes} bytes` };
      return bytesOf(content.blob, content.bytes);
    },
  };
}

/** For what may be asked twice. */
export async function patiently<T extends { readonly kind: string }>(
  ask: () => Promise<T | GitTrouble>,
): Promise<T | GitTrouble> {
  for (let tries = 1; ; tries += 1) {
    const answer = await ask();
    if (tries === MAX_TRIES || !('again' in answer) || !answer.again) return answer;
    await pause(tries);
  }
}

/** Not all of those who were refused come back at once. */
function pause(tries: number): Promise<void> {
  return delay(FIRST_PAUSE_MS * 2 ** (tries - 1) * (0.5 + Math.random()));
}
