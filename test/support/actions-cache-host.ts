/** Saves a file with GitHub's own client and gets it back. Told its path; prints what the client answered. */
import { readFile, writeFile } from 'node:fs/promises';
import { restoreCache, saveCache } from '@actions/cache';

const path = process.argv[2] ?? '';
const saved = await saveCache([path], 'key-1');
const again = await saveCache([path], 'key-1');
await writeFile(path, 'changed');
const missed = await restoreCache([path], 'other');
const restored = await restoreCache([path], 'key-', ['none', 'key-']);
const text = await readFile(path, 'utf8');
process.stdout.write(
  `\n${JSON.stringify({ saved: saved >= 0, again, missed: missed ?? null, restored, text })}\n`,
);
