import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { pythonEnv } from '../../../support/python-env.ts';

const SCRIPT = fileURLToPath(new URL('./plugin_config.py', import.meta.url));

/** Asks the real plugin, in one process, what it makes of each case. */
export async function askPlugin<Answer>(cases: readonly object[]): Promise<Answer[]> {
  const { python } = await pythonEnv();
  const child = spawn(python, [SCRIPT], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', RUN_CACHE_DISABLED: '' },
  });
  child.stdin.end(cases.map((one) => `${JSON.stringify(one)}\n`).join(''));
  const lines = (await text(child.stdout))
    .split('\n')
    .filter((line) => line.startsWith('{') || /^(null|-?\d)/.test(line));
  if (lines.length !== cases.length)
    throw new Error(`The plugin answered ${lines.length} of ${cases.length} cases.`);
  return lines.map((line) => JSON.parse(line) as Answer);
}
