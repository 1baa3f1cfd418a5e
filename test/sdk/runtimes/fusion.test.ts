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

/** The trace of the recorded run. */
const RECORDED = '01a1fe26e7487141a7a34a823cc5d699';

let root: string;
let dbt: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'fusion-'));
  dbt = join(root, 'dbt');
  // Writes a recorded run to where dbt v2 would, and tells where that was.
  await writeFile(
    dbt,
    `#!/bin/sh
file="\${1:-$DBT_OTEL_FILE_NAME}"
[ -z "$OTHER" ] || cat "$OTHER" >> "$file"
trace=$(printf '%s' "\${DBT_INVOCATION_ID:-${RECORDED}}" | tr -d -)
sed "s/${RECORDED}/$trace/g" test/fixtures/dbt-v2/success.otel.jsonl >> "$file"
[ -z "$OTHER" ] || cat "$OTHER" >> "$file"
printf '%s' "$DBT_OTEL_FILE_NAME"
`,
  );
  await chmod(dbt, 0o755);
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** Events without the id of their run. */
function nameless(events: readonly DbtEvent[]) {
  return events.map(({ info: { invocation_id: _, ...info }, data }) => ({ info, data }));
}

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

test('a file of the user’s is followed from where it ends, and dbt is not sent to another', async () => {
  const path = join(root, 'theirs.jsonl');
  const before = `${(await recorded('failing-model')).join('\n')}\n`;
  await writeFile(path, before);
  const { end, events } = await run({ otelFile: { path }, args: [path] });
  expect(end.outputTail).toBe('');
  expect(nameless(events)).toEqual(nameless(translated(await recorded('success'))));
  expect((await readFile(path, 'utf8')).startsWith(before)).toBe(true);
});

test('another run that writes to the user’s file at the same time is not taken for this one', async () => {
  const path = join(root, 'theirs.jsonl');
  const env = { PATH: process.env['PATH'] ?? '', OTHER: 'test/fixtures/dbt-v2/failing-model.otel.jsonl' };
  const { events } = await run({ otelFile: { path }, args: [path], env });
  expect(nameless(events)).toEqual(nameless(translated(await recorded('success'))));
});

test('an id that the user gave, which another run may have as well, tells nothing: dbt runs unheard', async () => {
  const path = join(root, 'theirs.jsonl');
  const id = 'cce55e1b-6e7b-400d-aafd-f1606ec5468a';
  const env = { PATH: process.env['PATH'] ?? '' };
  for (const given of [
    { args: [path], env: { ...env, DBT_INVOCATION_ID: id } },
    { args: [path, '--invocation-id', id], env },
    { args: [path, `--invocation-id=${id}`], env },
  ]) {
    const { end, events } = await run({ otelFile: { path }, ...given });
    expect(end.exitCode).toBe(0);
    expect(events).toEqual([]);
  }
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
