import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type ActRepository, type ActStart, makeActRepository } from '../support/act.ts';
import type { ActEvent } from '../support/act-event.ts';
import type { ActJob } from '../support/act-log.ts';
import type { ActRun, RunningAct } from '../support/act-running.ts';
import type { ActWorkflow } from '../support/act-workflow.ts';
import { type CacheService, startCacheService } from '../support/cache-service.ts';
import { addFakeAdapter } from '../support/fake-dbt/fake-adapter.ts';
import { type FakeDbt, makeFakeDbt, type Step } from '../support/fake-dbt/fake-dbt.ts';
import { makeFakeProject, runOf } from '../support/fake-dbt/fake-project.ts';
import { REPOSITORY_NAME } from '../support/git-rest-service.ts';

export const PASSES = runOf([{ name: 'orders', status: 'success' }], 0);
export const FAILS = runOf([{ name: 'ids', type: 'test', status: 'fail', failures: 1, message: 'Got 1' }], 1);

/** A job's ledger in the Actions cache, for a warehouse that is no file on this machine. */
export const LEDGER = { dedup: 'auto', data: 'ignore', 'durable-target': 'true' };

/** `with`: beside those of the ledger. `runId`: default one more than the last one. */
export type More = Partial<ActWorkflow> & Partial<Omit<ActStart, 'event'>>;

export interface ActRig {
  readonly dbt: FakeDbt;
  readonly cache: CacheService;
  readonly repository: ActRepository;
  /** The environments of all dbt that were started, in order. */
  starts(): Readonly<Record<string, string>>[];
  /** What dbt does from now on. */
  behave(steps: readonly Step[]): void;
  start(event: ActEvent, more?: More): Promise<RunningAct>;
  run(event: ActEvent, more?: More): Promise<ActRun>;
}

/** A repository with a dbt project, a steered dbt that all its jobs share, and a cache service. */
export async function makeActRig(steps: readonly Step[] = PASSES): Promise<ActRig> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'act-dbt-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const cache = await startCacheService();
  onTestFinished(() => cache.stop());
  const dbt = await makeFakeDbt(join(folder, 'venv'), steps);
  addFakeAdapter(dbt);
  const startsPath = join(folder, 'starts.jsonl');
  countStarts(dbt, startsPath);
  const repository = makeActRepository((clone) =>
    makeFakeProject(clone, { 'models/orders.sql': 'select 1', '.data-version': 'load-2\n' }),
  );
  let lastRunId = 7000;

  const start = (event: ActEvent, more: More = {}): Promise<RunningAct> => {
    const { with: inputs, jobs = 1, before = [], after = [], runId = lastRunId + 1, ...rest } = more;
    lastRunId = runId;
    return repository.start(
      { with: { dbt: dbt.venv, ...LEDGER, ...inputs }, jobs, before, after },
      // The cache service has no REST API: whoever asks it gets no answer of use.
      { event, runId, cacheUrl: cache.url, apiUrl: cache.url, ...rest },
    );
  };
  return {
    ...{ dbt, cache, repository, start },
    run: async (event, more) => (await start(event, more)).ended,
    starts: () =>
      existsSync(startsPath)
        ? readFileSync(startsPath, 'utf8')
            .trim()
            .split('\n')
            .map((line) => JSON.parse(line) as Record<string, string>)
        : [],
    behave: (next) => writeFileSync(join(dbt.venv, 'steps.json'), JSON.stringify(next)),
  };
}

/** Lets the stand-in note its environment in a line of its own, before all else. */
function countStarts({ executable }: FakeDbt, path: string): void {
  const [shebang, ...rest] = readFileSync(executable, 'utf8').split('\n');
  const note = `import json, os\nwith open(${JSON.stringify(path)}, "a") as out: out.write(json.dumps(dict(os.environ)) + "\\n")`;
  writeFileSync(executable, [shebang, note, ...rest].join('\n'));
}

/** Where GitHub shows a workflow run. */
export function addressOf(runId: number, attempt = 1): string {
  return `https://github.com/${REPOSITORY_NAME}/actions/runs/${runId}/attempts/${attempt}`;
}

/** Of a workflow of one job. */
export function onlyJob({ jobs, transcript }: ActRun): ActJob {
  const [job, ...more] = jobs;
  if (job === undefined || more.length > 0)
    throw new Error(`Not one job, but ${jobs.length}:\n${transcript}`);
  return job;
}
