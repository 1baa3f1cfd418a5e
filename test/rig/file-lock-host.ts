// Takes the lock, says so, and holds it until standard input ends.
import { withFileLock } from '../support/file-lock.ts';

const [path = ''] = process.argv.slice(2);
await withFileLock(path, async () => {
  process.stdout.write('held\n');
  await new Promise((resolve) => process.stdin.on('end', resolve).resume());
  process.stdout.write('released\n');
});
