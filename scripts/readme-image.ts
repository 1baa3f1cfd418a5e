// Makes docs/images/summary.png: the summary of a real run of dbt with dbt State's plugin on Postgres, after an edit to
// one model. The answers of the State service are scripted, for a real one needs an account: what the edit does not
// touch is reused, with the results and times measured in the build before. Needs chromium.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { htmlPage } from '../examples/support/html-page.ts';
import { OUTPUT, prepare } from '../examples/support/prepare.ts';
import { say, step } from '../examples/support/terminal.ts';
import { REPOSITORY } from '../test/support/repository.ts';
import { runAction } from '../test/support/runner/run-action.ts';
import { startScriptedStateService } from '../test/support/scripted-state-service.ts';

const IMAGE = join(REPOSITORY, 'docs', 'images', 'summary.png');
const [WIDTH, HEIGHT] = [900, 775];
const MAX_BYTES = 200_000;

/** Every bike once per plan: its test for unique bikes must fail. */
const MODEL = 'models/marts/bike_usage.sql';
const EDITS = [
  ['    b.bike_state,\n', '    b.bike_state,\n    r.plan,\n'],
  ['b.bike_kind, b.bike_state\n', 'b.bike_kind, b.bike_state, r.plan\n'],
] as const;
const REBUILT = ['bike_usage', 'unique_bike_usage_bike_id'];
const prepared = await prepare();
try {
  const build = (env: Readonly<Record<string, string>>) =>
    runAction({
      actionDir: REPOSITORY,
      workspace: prepared.workspace,
      inputs: { command: 'build', target: 'postgres' },
      env: { ...prepared.env, ...env },
    });
  const first = await step('first build, without State', () => build({ DBT_ENGINE_MANAGE_STATE: 'false' }));
  const measured = await readFile(first.outputs['run-results-path'] ?? '', 'utf8');
  const path = join(prepared.workspace, MODEL);
  let model = await readFile(path, 'utf8');
  for (const [before, after] of EDITS) model = model.replace(before, after);
  await writeFile(path, model);
  const service = await startScriptedStateService(scriptFrom(JSON.parse(measured)));
  let run: Awaited<ReturnType<typeof build>>;
  try {
    run = await step('second build, with State, after the edit', () => build(service.env));
  } finally {
    await service.stop();
  }
  if (!(Number(run.outputs['reused']) > 0) || run.outputs['failed'] !== '1') {
    throw new Error(`expected reuse and one failure: ${JSON.stringify(run.outputs)}`);
  }
  const page = join(OUTPUT, 'readme.html');
  await writeFile(join(OUTPUT, 'readme.md'), run.main.summary);
  await writeFile(page, await htmlPage('Summary', run.main.summary));
  await step('picture', () => screenshot(page));
  const { size } = await stat(IMAGE);
  say(`${IMAGE}: ${Math.round(size / 1000)} kB`);
  if (size > MAX_BYTES) throw new Error(`the picture is larger than ${MAX_BYTES} bytes`);
} finally {
  await prepared.stop();
}

interface Measured {
  readonly results: readonly {
    readonly unique_id: string;
    readonly status: string;
    readonly failures: number | null;
    readonly execution_time: number;
  }[];
}

/** Reuse of every node as it was, but for what the edit touches. */
function scriptFrom({ results }: Measured): object {
  const reused = results.map(({ unique_id, status, failures, execution_time }) => [
    unique_id,
    {
      answer: 'skip',
      runtime_ms: Math.round(execution_time * 1000),
      description: 'No changes since the last execution',
      ...(unique_id.startsWith('test.')
        ? {
            execution_results: {
              failures: failures ?? 0,
              should_warn: status === 'warn',
              should_error: false,
            },
          }
        : {}),
    },
  ]);
  const isRebuilt = (id: string): boolean => REBUILT.some((name) => id.split('.').includes(name));
  return {
    default: { answer: 'execute', description: 'The SQL changed' },
    nodes: Object.fromEntries(reused.filter(([id]) => !isRebuilt(String(id)))),
  };
}

async function screenshot(page: string): Promise<void> {
  await mkdir(join(REPOSITORY, 'docs', 'images'), { recursive: true });
  const profile = await mkdtemp(join(tmpdir(), 'chromium-'));
  const quiet = ['disable-background-networking', 'disable-component-update', 'disable-sync', 'disable-quic'];
  const flags = ['headless', 'no-sandbox', 'disable-gpu', 'no-first-run', 'hide-scrollbars', ...quiet];
  try {
    await promisify(execFile)('chromium', [
      ...flags.map((flag) => `--${flag}`),
      `--user-data-dir=${profile}`,
      `--window-size=${WIDTH},${HEIGHT}`,
      `--screenshot=${IMAGE}`,
      `file://${page}`,
    ]);
  } finally {
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
