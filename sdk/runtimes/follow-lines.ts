import { type FileHandle, open, stat } from 'node:fs/promises';

/** How often the file is looked at. A person watching does not notice less. */
const POLL_MS = 100;
const CHUNK_BYTES = 1 << 16;
/** A line longer than this is passed over: no event needs it, and a hostile one must not fill the memory. */
const MAX_LINE_BYTES = 16 << 20;

export interface LineFollower {
  /** Reads what is left, ends following, and resolves when every whole line was handed over. */
  end(): Promise<void>;
}

/**
 * Hands over each line that is added to a file, in order. The file need not exist yet. A last line without its end
 * is torn and is not handed over. What is no regular file is left alone: to open a pipe is to wait for its writer. Reading problems end the following silently: it is a second source of knowledge.
 * @param fromByte Where to begin in a file that is there already.
 */
export function followLines(path: string, onLine: (line: string) => void, fromByte = 0): LineFollower {
  let file: FileHandle | undefined;
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  let timer: NodeJS.Timeout | undefined;
  let ended = false;
  let position = fromByte;
  let reading: Promise<void> = Promise.resolve();

  const take = (chunk: Buffer): void => {
    let from = 0;
    for (;;) {
      const at = chunk.indexOf(0x0a, from);
      if (at === -1) break;
      const rest = chunk.subarray(from, at);
      if (pendingBytes + rest.length <= MAX_LINE_BYTES) {
        onLine(Buffer.concat([...pending, rest]).toString('utf8'));
      }
      pending = [];
      pendingBytes = 0;
      from = at + 1;
    }
    const rest = chunk.subarray(from);
    pendingBytes += rest.length;
    if (pendingBytes > MAX_LINE_BYTES) pending = [];
    else if (rest.length > 0) pending.push(Buffer.from(rest));
  };

  const readAvailable = async (): Promise<void> => {
    try {
      if (file === undefined && !(await stat(path)).isFile()) return;
      file ??= await open(path, 'r');
      const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
      for (;;) {
        const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, position);
        if (bytesRead === 0) return;
        position += bytesRead;
        take(buffer.subarray(0, bytesRead));
      }
    } catch {
      // Not there yet, or not readable: what was read so far stands.
    }
  };

  const schedule = (): void => {
    timer = setTimeout(() => {
      reading = readAvailable().then(() => {
        if (!ended) schedule();
      });
    }, POLL_MS);
  };
  schedule();

  return {
    end: async () => {
      ended = true;
      clearTimeout(timer);
      await reading;
      await readAvailable();
      await file?.close();
    },
  };
}
