// Runs a few lines inside a guarded console, in a process whose streams a test can read.
import { guardConsole } from '../../action/guarded-console.ts';

const guard = guardConsole('dbt build\n::error::x');
const out = (chunk: string | Uint8Array): boolean => guard.streams.stdout.write(chunk);
const err = (chunk: string | Uint8Array): boolean => guard.streams.stderr.write(chunk);
const run = new Function('out', 'err', 'guard', `return (async () => {${process.argv[2]}})()`);
await run(out, err, guard);
await guard.release();
process.stdout.write('after\n');
process.stderr.write('after-err\n');
