import { readFile } from 'node:fs/promises';
import { decisionLine } from '../../sdk/cli/decision-line.ts';
import { runDbt } from '../../sdk/index.ts';
import { postgresEnv, workspace } from '../e2e/workspace.ts';
import { startPostgres } from '../support/postgres.ts';
import { startScriptedStateService } from '../support/scripted-state-service.ts';

export interface SampleRun {
  /** The decision log it wrote, as it is. */
  readonly decisionLog: string;
  /** What `run --explain-cache` prints, in the order of the nodes' names. */
  readonly explained: readonly string[];
}

/** A seed that dbt State reused and one that it had run, by real dbt with the real plugin on Postgres. */
export async function sampleRun(): Promise<SampleRun> {
  const postgres = await startPostgres();
  const service = await startScriptedStateService({
    default: { answer: 'execute', description: 'Its file has changed' },
    nodes: { raw_bikes: { answer: 'skip', runtime_ms: 2000, description: 'Its file has not changed' } },
  });
  await postgres.createDatabase('shop');
  const shop = await workspace({
    ...postgresEnv(postgres),
    ...service.env,
  });
  try {
    const run = runDbt(
      ['seed', '--target', 'postgres', '--threads', '1', '--select', 'raw_bikes', 'raw_stations'],
      {
        ...{ cwd: shop.dir, env: shop.env, dbt: shop.dbt, output: 'silent', reject: false },
        labels: { tenant: 'bikes' },
      },
    );
    const explained: string[] = [];
    for await (const event of run) {
      if (event.kind === 'node-finished') explained.push(decisionLine(event, 'postgres'));
    }
    const { decisionsPath = '' } = await run;
    return { decisionLog: await readFile(decisionsPath, 'utf8'), explained: explained.toSorted() };
  } finally {
    await shop.remove();
    await service.stop();
    await postgres.stop();
  }
}
