import * as z from 'zod';
import { isCompiledPath } from './kept-paths.ts';

/**
 * Where compiled SQL lies among a record's files: all of it as one file, since a record is too small for a line for
 * each. Its first line is a JSON array of `[path, bytes]`; the contents follow in that order.
 */
export const COMPILED_PACK = 'compiled';

const LINE_END = 0x0a;
const Index = z.array(z.tuple([z.string(), z.number().int().min(0)]));

/** The first line, with its end. */
export function packIndex(files: readonly { readonly path: string; readonly bytes: number }[]): Uint8Array {
  return Buffer.from(`${JSON.stringify(files.map(({ path, bytes }) => [path, bytes]))}\n`);
}

/** The files of a pack, as views of its bytes; undefined for what is none. */
export function unpack(
  pack: Uint8Array,
  maxFiles: number,
): readonly (readonly [string, Uint8Array])[] | undefined {
  const end = pack.indexOf(LINE_END);
  if (end === -1) return undefined;
  const index = Index.safeParse(jsonOf(pack.subarray(0, end)));
  if (!index.success || index.data.length > maxFiles) return undefined;
  let from = end + 1;
  const files: [string, Uint8Array][] = [];
  for (const [path, bytes] of index.data) {
    if (!isCompiledPath(path)) return undefined;
    files.push([path, pack.subarray(from, from + bytes)]);
    from += bytes;
  }
  // Neither too little content for the sizes, nor too much.
  return from === pack.length ? files : undefined;
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}
