/** Makes an environment in a process of its own. Told what as JSON; prints what is said, then how it ended. */

import { ensureEnvironment } from '../../../sdk/install/ensure-environment.ts';
import { planEnvironment } from '../../../sdk/install/environment.ts';
import { askProgram } from '../../../sdk/runtimes/process.ts';

const { requirements, cwd, folder } = JSON.parse(process.argv[2] ?? '') as Readonly<Record<string, string>>;
const planned = await planEnvironment({
  ...{ requirements: requirements ?? '', cwd: cwd ?? '', folder: folder ?? '' },
  env: process.env,
  run: askProgram,
});
const { how } = await ensureEnvironment(planned, {
  env: process.env,
  signal: new AbortController().signal,
  say: (line) => console.log(`said ${line}`),
});
console.log(`ended ${how}`);
