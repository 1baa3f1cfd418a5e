import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { DbtEvent } from '../../../sdk/runtimes/dbt-event.ts';
import { runFusion } from '../../../sdk/runtimes/fusion.ts';
import type { RuntimeRequest } from '../../../sdk/runtimes/runtime.ts';
import { createStopRequests } from '../../../sdk/runtimes/stop-requests.ts';
import { createRedactor } from '../../../sdk/util/redact.ts';
import { recorded, translated } from './otel/translated.ts';

let root: string;
let dbt: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'fusion-'));
  dbt = join(root, 'dbt');
  // Writes a recorded run to where dbt v2 would, and tells where that was.
  await writeFile(
    dbt,
    `#!/bin/sh\ncat test/fixtures/dbt-v2/success.otel.jsonl >> "\${1:-$DBT_OTEL_FILE_NAME}"\nprintf '%s' "$DBT_OTEL_FILE_NAME"\n`,
  );
  await chmod(dbt, 0o755);
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function run(more: Partial<RuntimeRequest>) {
  const events: DbtEvent[] = [];
  const stops = createStopRequests({ timeoutMs: undefined, cancelSignal: undefined, handleSignals: false });
  const end = await runFusion({
    command: [dbt],
    args: [],
    cwd: process.cwd(),
    env: { PATH: process.env['PATH'] ?? '' },
    output: 'silent',
    redactor: createRedactor([]),
    workFolder: root,
    forceKillAfterMs: 1000,
    stops,
    onStarted: () => undefined,
    onStopping: () => undefined,
    onEvent: (event) => events.push(event),
    ...more,
  });
  stops.dispose();
  return { end, events };
}

test('events come through a file of ours', async () => {
  const { end, events } = await run({});
  expect(end).toMatchObject({ exitCode: 0, outputTail: join(root, 'otel.jsonl') });
  expect(events).toEqual(translated(await recorded('success')));
});

test('a file of the user’s is followed from where it ends, and nothing else is set', async () => {
  const path = join(root, 'theirs.jsonl');
  const before = `${(await recorded('failing-model')).join('\n')}\n`;
  await writeFile(path, before);
  const { end, events } = await run({ otelFile: { path }, args: [path] });
  expect(end.outputTail).toBe('');
  expect(events).toEqual(translated(await recorded('success')));
  expect((await readFile(path, 'utf8')).startsWith(before)).toBe(true);
});

test('where the user’s file lies cannot be told: dbt runs, unheard', async () => {
  const { end, events } = await run({ otelFile: { path: undefined }, args: [join(root, 'unknown.jsonl')] });
  expect(end).toMatchObject({ exitCode: 0, outputTail: '' });
  expect(events).toEqual([]);
});

test('without a folder for it dbt runs, unheard', async () => {
  const { end, events } = await run({ workFolder: undefined, args: [join(root, 'unknown.jsonl')] });
  expect(end).toMatchObject({ exitCode: 0, outputTail: '' });
  expect(events).toEqual([]);
});
