/** Keeps the last bytes of a stream. */
export interface ByteTail {
  push(chunk: Buffer): void;
  /** What is kept, decoded; bytes that are not UTF-8 become U+FFFD. */
  text(): string;
}

/** @param maxBytes How much is kept; memory stays under twice that, however long the stream or a line is. */
export function createByteTail(maxBytes: number): ByteTail {
  let chunks: Buffer[] = [];
  let size = 0;
  return {
    push: (chunk) => {
      // A copy, since a slice would keep the whole chunk alive.
      const kept = Buffer.from(chunk.length > maxBytes ? chunk.subarray(chunk.length - maxBytes) : chunk);
      chunks.push(kept);
      size += kept.length;
      if (size > 2 * maxBytes) {
        const joined = Buffer.concat(chunks);
        chunks = [Buffer.from(joined.subarray(joined.length - maxBytes))];
        size = maxBytes;
      }
    },
    text: () => {
      const joined = Buffer.concat(chunks);
      return joined.subarray(Math.max(0, joined.length - maxBytes)).toString('utf8');
    },
  };
}
