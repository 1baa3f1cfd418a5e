import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Manifest } from '../artifacts/types.ts';
import type { NodeDecision } from '../decisions/decision.ts';
import { filesToRead, withLines } from '../decisions/locate-decisions.ts';

/** More files than any door shows places of. */
const MOST_FILES = 200;

/** Adds the line to look at to nodes that failed or warned, by reading the user's own files. */
export async function locateFailures(
  decisions: readonly NodeDecision[],
  manifest: Manifest | undefined,
  projectDir: string,
): Promise<readonly NodeDecision[]> {
  const texts = new Map<string, string>();
  await Promise.all(
    filesToRead(decisions)
      .slice(0, MOST_FILES)
      .map(async (path) => {
        const text = await readFile(join(projectDir, path), 'utf8').catch(() => undefined);
        if (text !== undefined) texts.set(path, text);
      }),
  );
  return withLines(decisions, manifest, texts);
}
