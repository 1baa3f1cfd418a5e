import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

const MODULE = new URL('../../action/held-signals.ts', import.meta.url).href;

/** In a process of its own, since signals are a process's. */
function run(script: string): string {
  const source = `
    const { holdSignals } = await import(${JSON.stringify(MODULE)});
    const held = holdSignals();
    const awake = setInterval(() => {}, 1000);
    const got = (signal) => new Promise((done) => { process.once(signal, () => setImmediate(done)); process.kill(process.pid, signal); });
    ${script}
    clearInterval(awake);
    console.log(held.early.aborted);`;
  const { stdout, stderr, signal } = spawnSync(process.execPath, ['--input-type=module', '-e', source], {
    encoding: 'utf8',
  });
  return stderr + (signal ?? '') + stdout;
}

test.each(['SIGINT', 'SIGTERM'])('%s before the run listens is kept for it', (signal) => {
  expect(run(`await got('${signal}');`)).toBe('true\n');
});

test('a signal after that is for the run, and ends nothing here', () => {
  expect(run(`held.handOver(); await got('SIGINT'); await got('SIGTERM');`)).toBe('false\n');
});

test('no signal, no stop', () => {
  expect(run('')).toBe('false\n');
});
