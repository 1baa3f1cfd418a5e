import { appendFile, stat, truncate } from 'node:fs/promises';

/** GitHub drops a step's whole summary when it is larger. */
const LIMIT_BYTES = 1 << 20;
/** Less than this is not worth a summary. */
const LEAST_BYTES = 1024;

/**
 * Adds markdown to the step's summary. What the file already holds counts against GitHub's limit.
 * @param render Given the bytes there is room for.
 * @throws Error when it cannot be written; the file then holds what it held.
 */
export async function appendSummary(
  path: string | undefined,
  render: (maxBytes: number) => string,
): Promise<void> {
  if (!path) throw new Error('GITHUB_STEP_SUMMARY is not set; this runner takes no job summaries');
  const before = await sizeOf(path);
  const room = LIMIT_BYTES - before - 2;
  if (room < LEAST_BYTES)
    throw new Error(`the step's summary already holds ${before} of ${LIMIT_BYTES} bytes`);
  const markdown = render(room);
  const text = `${before > 0 ? '\n' : ''}${markdown}${markdown.endsWith('\n') ? '' : '\n'}`;
  if (before + Buffer.byteLength(text) > LIMIT_BYTES) throw new Error('the summary came out too large');
  try {
    await appendFile(path, text);
  } catch (error) {
    // Half a table is worse than none, and on a full disk half of it may be there.
    await truncate(path, before).catch(() => {});
    throw error;
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}
