import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunResult } from '../../sdk/index.ts';
import { ENGINES } from '../support/engine.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { isGroupRunning } from '../support/processes.ts';
import { type Library, library, postgresEnv } from './library.ts';

const SDK = new URL('../../sdk/index.ts', import.meta.url).href;

/** Far longer than any test waits. */
const ENDLESS = `{% if target.type == 'postgres' %}
select count(*) as n from (select pg_sleep(3000)) as slept
{% else %}
select count(*) as n from range(3000000) a, range(3000000) b where (a.range * b.range) % 7 = 3
{% endif %}
`;

let postgres: Postgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres?.stop());

describe.each(ENGINES)('$requirements', (engine) => {
  let shop: Library;
  beforeAll(async () => {
    const database = `stopping_${engine.requirements}`;
    await postgres.createDatabase(database);
    shop = await library(engine, { DBT_ENGINE_MANAGE_STATE: 'false', ...postgresEnv(postgres, database) });
    await shop.write('models/marts/endless.sql', ENDLESS);
    await shop.write('models/marts/after_endless.sql', "select * from {{ ref('endless') }}\n");
    await shop.write('models/marts/quick.sql', 'select 1 as id\n');
    await shop.write('tests/never.sql', "select id from {{ ref('quick') }} where id > 1\n");
  });
  afterAll(() => shop?.remove());

  test.each(['duckdb', 'postgres'])(
    'SIGINT to our process on %s: what finished is said to have finished, the rest was interrupted',
    async (target) => {
      // A process of its own, as a runner or a terminal would signal it.
      const script = `
        const { runDbt } = await import(${JSON.stringify(SDK)});
        const args = ['build', '--select', 'quick', 'never', 'endless+', '--threads', '2', '--target', '${target}'];
        const run = runDbt(args, { dbt: ${JSON.stringify(shop.dbt)}, output: 'silent', reject: false });
        const seen = new Set();
        for await (const event of run) {
          if (event.kind === 'dbt-started') console.log('pid ' + event.pid);
          if (event.kind === 'node-finished') seen.add(event.name);
          if (event.kind === 'node-started') seen.add('started ' + event.name);
          if (seen.has('quick') && seen.has('never') && seen.has('started endless')) {
            seen.clear();
            console.log('ready');
          }
          if (event.kind === 'stopping') console.log(event.cause + ' ' + event.signal);
        }
        const { artifacts, ...result } = await run;
        console.log(JSON.stringify(result));`;
      const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
        cwd: shop.dir,
        env: shop.env,
        stdio: ['ignore', 'pipe', 'inherit'],
        detached: true,
      });
      const lines: string[] = [];
      for await (const line of createInterface({ input: child.stdout })) {
        lines.push(line);
        if (line === 'ready') process.kill(-(child.pid ?? 0), 'SIGINT');
      }
      const pid = Number(/^pid (\d+)/.exec(lines[0] ?? '')?.[1]);
      expect(lines).toContain('signal SIGINT');
      const result = JSON.parse(lines.at(-1) ?? '{}') as RunResult;
      expect(result).toMatchObject({ outcome: 'failed', failure: { code: 'cancelled' } });
      const told = result.decisions.map((node) => [node.name, `${node.action} ${node.because}`]);
      expect(Object.fromEntries(told)).toEqual({
        quick: 'built state-disabled',
        never: 'tested state-disabled',
        endless: 'interrupted stopped-while-running',
        after_endless: 'interrupted stopped-before-start',
      });
      expect(result.decisions.filter((node) => node.failed)).toEqual([]);
      expect(isGroupRunning(pid)).toBe(false);
    },
  );

  test('a timeout while dbt starts has nothing to report, and is told as a timeout', async () => {
    const result = await shop.run(['build', '--select', 'endless'], { timeout: 1 });
    expect(result).toMatchObject({ outcome: 'failed', failure: { code: 'timed-out' } });
    expect(result.decisions.filter((node) => node.action !== 'interrupted')).toEqual([]);
  });
});
