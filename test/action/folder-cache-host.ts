/** Saves a folder in the Actions cache or brings it back. Prints what the log would show, then what was told. */
import { actionsFolderCache } from '../../action/folder-cache.ts';

const [what = '', folder = '', key = '', lookUpMs = '5000'] = process.argv.slice(2);
const told: string[] = [];
const cache = actionsFolderCache({
  tell: (trouble) => told.push(trouble),
  lookUpMs: Number(lookUpMs),
});
process.stdout.write('before\n');
// Others print meanwhile, and are heard.
const ticking = setInterval(() => process.stdout.write('tick\n'), 1);
const result = what === 'save' ? await cache.save(folder, key) : await cache.restore(folder, key);
clearInterval(ticking);
process.stdout.write(`after\n${JSON.stringify({ result: result ?? null, told })}\n`);
process.exit();
