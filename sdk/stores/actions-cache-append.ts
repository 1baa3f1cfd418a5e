import type { WriteAnswer } from '../dedup/store.ts';
import { inWords } from '../github/cache-outcome.ts';
import type { CacheRpc } from '../github/cache-rpc.ts';
import { putEntry } from '../github/put-entry.ts';
import {
  digestOf,
  keyOf,
  type Looked,
  type LookOptions,
  type Seen,
  type Versions,
} from './actions-cache-look.ts';
import { type Content, printContent } from './object-content.ts';

/** Numbers in a row that may turn out to be given up. */
const MAX_SKIPPED = 10;

/** Whether what stands is what a write expects. */
export type Precondition = (looked: Extract<Looked, { kind: 'looked' }>) => boolean;

/** The version of an entry, as users of the store see it. A number alone could come again after an eviction. */
export function versionOf({ number, digest }: Seen): string {
  return `${number}.${digest}`;
}

/**
 * Writes the version after the newest one: whoever reserves its number is the one that does.
 *
 * A number that is reserved and not seen for as long as patience goes was given up, and the next one is tried. Its owner
 * knows: it gives up by itself in half of that time. So only a lookup that is behind for longer lets a second one in,
 * and then the first finds at its next write that the number after its own is taken.
 */
export async function append(
  rpc: CacheRpc,
  versions: Versions,
  base: string,
  content: Content,
  isExpected: Precondition,
  options: LookOptions,
): Promise<WriteAnswer> {
  const looked = await versions.look(base);
  if (looked.kind === 'unknown') return looked;
  if (!isExpected(looked)) return { kind: 'conflict' };
  const bytes = printContent(content);
  const digest = digestOf(bytes);
  let why = '';
  let number = looked.seen?.number ?? 0;
  for (let tries = 0; tries < MAX_SKIPPED; tries += 1) {
    number += 1;
    const put = await putEntry(rpc, keyOf(base, number), bytes, {
      ...options,
      finishWithinMs: options.patienceMs / 2,
      maxWaitMs: options.patienceMs,
    });
    switch (put.kind) {
      case 'won': {
        const { writtenAtMs } = put;
        const seen: Seen = { number, digest, content, writtenAtMs };
        if (!Number.isNaN(writtenAtMs)) versions.note(base, seen);
        return { kind: 'written', version: versionOf(seen) };
      }
      case 'exists': {
        const found = await versions.awaitNumber(base, number);
        if (found.kind === 'unknown') return found;
        if (found.kind === 'looked') return { kind: 'conflict' };
        why = 'versions of the entry are reserved and never appear';
        break;
      }
      case 'burned':
        why = put.why;
        break;
      case 'ambiguous': {
        const found = await versions.awaitNumber(base, number);
        if (found.kind === 'looked' && found.seen?.digest === digest)
          return { kind: 'written', version: versionOf(found.seen) };
        return { kind: 'unknown', why: put.why };
      }
      case 'read-only':
        return { kind: 'unknown', why: put.why, refused: true, readOnly: true };
      case 'rate-limited':
        return { kind: 'unknown', why: inWords(put), refused: true };
      case 'unavailable':
        return { kind: 'unknown', why: put.why };
    }
  }
  return { kind: 'unknown', why };
}
