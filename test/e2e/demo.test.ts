import { spawn } from 'node:child_process';
import { access, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { installProgress } from '../../examples/support/install-progress.ts';
import { REPOSITORY } from '../support/repository.ts';

const OUTPUT = join(REPOSITORY, 'demo-output');
const FAILING_TEST = 'accepted_values_stg_bikes_bike_kind__classic__electric__cargo';

const read = (name: string): Promise<string> => readFile(join(OUTPUT, name), 'utf8');

async function runDemo(env: NodeJS.ProcessEnv = process.env, args: readonly string[] = []) {
  const child = spawn(process.execPath, ['examples/demo.ts', ...args], {
    cwd: REPOSITORY,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
  }
  const exitCode = await new Promise((resolve) => child.once('close', resolve));
  return { exitCode, printed };
}

describe('the demo', () => {
  let demo: Awaited<ReturnType<typeof runDemo>>;
  beforeAll(async () => {
    await rm(OUTPUT, { recursive: true, force: true });
    // A reader's own settings must not change the story.
    demo = await runDemo({ ...process.env, DBT_TARGET: 'nowhere', DBT_ENGINE_MANAGE_STATE: 'false' });
  });

  test('tells its story to the end', () => {
    expect(demo.exitCode, demo.printed).toBe(0);
    expect(demo.printed).toContain('dbt State is not active here');
    expect(demo.printed).toContain(`an empty ledger in ${join(OUTPUT, 'ledger')}`);
    expect(demo.printed).toMatch(/│ # .*\n.*│ durable-target: true\n/);
    const [, again, first] =
      /The same result in (\S+) s instead of (\S+) s, without dbt/.exec(demo.printed) ?? [];
    expect(Number(again)).toBeLessThan(Number(first) / 2);
    expect(demo.printed).toContain('one input differs: models/staging/stg_bikes.sql\n');
    expect(demo.printed).toContain(`1 node failed: ${FAILING_TEST}`);
    expect(demo.printed).toContain(
      "Expected: the step fails. The edit renames 'electric' to 'e-bike', and rides.sql charges extra for 'electric'.",
    );
    const times = /dbt took (\d+\.\d) s, everything else (\d+\.\d) s/.exec(demo.printed);
    expect(Number(times?.[1])).toBeGreaterThan(1);
    expect(Number(times?.[2])).toBeGreaterThan(0);
  });

  test('prints paths that can be opened', async () => {
    const pages = [...demo.printed.matchAll(/file:\/\/\S+\.html/g)].map(([url]) => new URL(url));
    expect(pages).toHaveLength(3);
    const outputs = [...demo.printed.matchAll(/[a-z]-path=(\S+)/g)].map(([, path]) => path ?? '');
    expect(outputs.length).toBeGreaterThan(3);
    for (const file of [...pages, ...outputs]) await access(file);
  });

  test('what the installer says is told in whole lines', () => {
    const shown: string[] = [];
    const tell = installProgress((line) => shown.push(line));
    tell('Making a Python environment');
    tell('  5 s  ');
    tell('  10 s  Collecting dbt-core==1.11.16');
    tell('  15 s  Collecting dbt-core==1.11.16 (from -r requirements.txt (line 12))');
    tell(`  20 s  Installing collected packages: ${'agate, '.repeat(20)}`.slice(0, 80));
    tell('  25 s  Building wheels for collected packages: x');
    expect(shown).toEqual([
      'Making a Python environment',
      'installing … 5 s',
      'collecting dbt-core==1.11.16 … 10 s',
      'collecting dbt-core==1.11.16 … 15 s',
      'installing … 20 s',
      'building wheels … 25 s',
    ]);
  });

  test('leaves a summary of the build that passed', async () => {
    const summary = await read('1-build.md');
    expect(summary).toContain('dbt State');
    expect(summary).toContain('DBT_CLOUD_TOKEN');
    expect(summary).toContain('rides_are_ended');
    expect(summary).not.toContain('Got 1 result');
  });

  test('leaves a summary of the run that was not needed: which one it repeats, and the time of both', async () => {
    const summary = await read('2-again.md');
    expect(summary).toMatch(/^## .*replayed/);
    const [top = ''] = summary.split('\n|', 1);
    expect(top).toMatch(/\[an identical run .*\]\(https:\/\/github\.com\/acme\/bike-hire\/actions\/runs\//);
    expect(top).toMatch(/took \d/);
    expect(top).not.toContain('dbt State');
    expect(await read('2-again.html')).toContain('href="1-build.html"');
    await access(join(OUTPUT, '1-build.html'));
  });

  test('leaves a summary of the bad edit: the failing test, what was held back, why it ran', async () => {
    const summary = await read('3-bad-edit.md');
    expect(summary).toContain('`models/staging/stg_bikes.sql`');
    expect(summary).toContain(FAILING_TEST);
    expect(summary).toContain('Got 1 result');
    expect(summary).toMatch(/skipped/i);
    expect(summary).toContain('DBT_CLOUD_TOKEN');
  });

  test('its pages need no other file, and their links lead to the files beside them', async () => {
    for (const name of ['1-build.html', '2-again.html', '3-bad-edit.html']) {
      const page = await read(name);
      expect(page).not.toMatch(/<script|<link|@import|\ssrc=/i);
      expect(page).toContain('prefers-color-scheme');
    }
    expect(await read('3-bad-edit.html')).toContain('href="workspace/models/staging/_staging.yml');
  });

  test('shows no password', async () => {
    const names = ['1-build', '2-again', '3-bad-edit'].flatMap((name) => [`${name}.md`, `${name}.html`]);
    const files = [...names, 'workspace/target/dbt_runcache_report.json'];
    for (const text of [demo.printed, ...(await Promise.all(files.map(read)))]) {
      expect(text).not.toContain('not-a-secret-postgres');
      expect(text).not.toContain('not-a-real-runtime-token');
    }
  });
});

describe('the demo with dbt State required', () => {
  test('commit timestamps off: dbt passes, the step fails, and the report names the setting', async () => {
    const { exitCode, printed } = await runDemo(process.env, ['--commit-timestamps', 'off']);
    expect(exitCode, printed).toBe(0);
    expect(printed).toContain('The step failed, as expected');
    const summary = await read('commit-timestamps-off.md');
    expect(summary).toMatch(/^## ❌ dbt build ran, but without dbt State\n/);
    const top = summary.slice(0, summary.indexOf('| What happened'));
    expect(top).toContain('### ⚠️ dbt State was not active: Postgres does not record commit timestamps');
    expect(top).toContain(
      'dbt itself was fine: it ran everything that was selected, and nothing was reused.',
    );
    // Once, though it is the fix of the failure as well.
    expect(top.match(/Set `track_commit_timestamp = on` in the configuration of Postgres/g)).toHaveLength(1);
    expect(summary).toContain('(code `commit-timestamps-off`)');
  });

  test('commit timestamps on: the same run passes', async () => {
    const { exitCode, printed } = await runDemo(process.env, ['--commit-timestamps', 'on']);
    expect(exitCode, printed).toBe(0);
    const summary = await read('commit-timestamps-on.md');
    expect(summary).toContain('dbt State was active');
    expect(summary).not.toContain('track_commit_timestamp');
  });

  test('a word that is neither says so', async () => {
    const { exitCode, printed } = await runDemo(process.env, ['--commit-timestamps', 'maybe']);
    expect(exitCode).toBe(1);
    expect(printed).toContain('--commit-timestamps is on or off, not "maybe"');
  });
});
