import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StateProblem, StateStatus } from '../../sdk/decisions/decision.ts';
import { STATE_FIXES } from '../../sdk/decisions/state-fixes.ts';
import { checklist } from '../../sdk/diagnose/checklist.ts';
import type { DiagnosisCheck } from '../../sdk/diagnose/diagnosis.ts';
import type { DiagnosisFacts } from '../../sdk/diagnose/facts.ts';
import { diagnose, explain } from '../../sdk/index.ts';
import { readStateSettings } from '../../sdk/plan/state/read.ts';
import { workspace } from '../e2e/workspace.ts';
import { decideRecorded } from '../sdk/decisions/recorded.ts';
import { closedPort } from '../support/closed-port.ts';
import { report } from '../support/report-builder.ts';

/** Checks that did not pass, each made to happen: by `diagnose()` in a project, or from the facts of a recorded run. */
export async function failedChecks(): Promise<readonly DiagnosisCheck[]> {
  return [
    ...(await inFolders()),
    ...(await inProject()),
    ...(await withoutWarehouse()),
    ...PROBLEMS.flatMap(ofProblem),
    ...FACTS.flatMap(ofFacts),
  ];
}

/** What the report says above its counts, by problem. */
export function headings(problem: StateProblem): readonly string[] {
  const trouble = { problem, fix: STATE_FIXES[problem] };
  const states: readonly StateStatus[] = [
    { kind: 'inactive', trouble },
    { kind: 'inactive', trouble: { ...trouble, endedRun: true } },
    { kind: 'active', proof: '1 answer of the service', troubles: [trouble] },
  ];
  return states.map((state) => explain(report({ state })).state.title);
}

/** Folders that lack what dbt needs. */
async function inFolders(): Promise<readonly DiagnosisCheck[]> {
  const root = await mkdtemp(join(tmpdir(), 'runbook-'));
  try {
    const nowhere = join(root, 'nowhere');
    const project = join(root, 'project');
    await mkdir(nowhere);
    await mkdir(project);
    await writeFile(join(project, 'dbt_project.yml'), 'name: shop\nprofile: shop\n');
    const env = { PATH: nowhere, HOME: root };
    const found = await Promise.all(
      [nowhere, project].map((cwd) => diagnose({ cwd, env, dbt: 'dbt', probe: false })),
    );
    return found.flatMap(({ checks }) => checks);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** The example project, on a target that State does not know and on one that it does. */
async function inProject(): Promise<readonly DiagnosisCheck[]> {
  const shop = await workspace();
  try {
    const environments: Record<string, string>[] = [
      {},
      { DBT_ENGINE_MANAGE_STATE: 'false', DBT_STATE: 'true' },
      { RUN_CACHE_FRESHNESS_TOLERANCE: 'banana', DBT_STATE_FRESHNESS_TOLERANCE: '45m' },
      { DBT_ENGINE_ENABLE_STATE: 'true' },
    ];
    const args = ['--target', 'postgres'];
    const found = await Promise.all(
      environments.map((env) =>
        diagnose({ cwd: shop.dir, env: { ...shop.env, ...env }, dbt: shop.dbt, args, probe: false }),
      ),
    );
    const duckdb = await diagnose({ cwd: shop.dir, env: shop.env, dbt: shop.dbt, probe: false });
    return [...found, duckdb].flatMap(({ checks }) => checks);
  } finally {
    await shop.remove();
  }
}

/** Real dbt, and nobody where its warehouse should be. */
async function withoutWarehouse(): Promise<readonly DiagnosisCheck[]> {
  const shop = await workspace({
    BIKE_HIRE_PG_HOST: '127.0.0.1',
    BIKE_HIRE_PG_PORT: String(await closedPort()),
  });
  try {
    const { checks } = await diagnose({
      ...{ cwd: shop.dir, env: shop.env, dbt: shop.dbt },
      args: ['--target', 'postgres'],
    });
    return checks;
  } finally {
    await shop.remove();
  }
}

const PROBLEMS = Object.keys(STATE_FIXES) as StateProblem[];

/** A problem of which nothing is known but its code. */
function ofProblem(problem: StateProblem): readonly DiagnosisCheck[] {
  return ofFacts({ thisRun: { kind: 'inactive', trouble: { problem, fix: STATE_FIXES[problem] } } });
}

const CORE = { kind: 'core', dbtVersion: '1.11.16', commandPrefix: ['dbt'] } as const;
const FUSION = { kind: 'fusion', dbtVersion: '2.0.0rc196', commandPrefix: ['dbt'] } as const;
const found = <T>(value: T) => ({ kind: 'found', value }) as const;
const settings = (engine: typeof CORE | typeof FUSION, disabledBy?: string) =>
  found(
    readStateSettings({
      ...{ engine, command: 'build', args: ['build'], env: {}, disabledBy },
      ...(engine.kind === 'fusion' && { env: { RUN_CACHE_FRESHNESS_TOLERANCE: '45m' } }),
    }),
  );
const postgres = found({ profileName: 'shop', targetName: 'ci', adapterType: 'postgres' });
const last = (state: StateStatus) =>
  found({ command: 'build', startedAt: '2026-11-21T01:25:41.077Z', state });

const FACTS: readonly DiagnosisFacts[] = [
  { engine: found(CORE), plugin: null },
  { engine: found(CORE), plugin: '2.17.1' },
  { engine: found(CORE), plugin: '2.62.3', legacyPackages: ['run-cache'] },
  { engine: found(CORE), plugin: '2.62.3', settings: settings(CORE, 'run-cache: disabled') },
  { engine: found(FUSION), settings: settings(FUSION) },
  {
    engine: found(CORE),
    profile: postgres,
    fallback: found({ seenIn: 'probe', ms: 4000, trackCommitTimestamp: 'off' }),
  },
  { branch: found({ kind: 'detached' }) },
  { branch: found({ kind: 'no-repository' }) },
  { branch: found({ kind: 'unreadable' }) },
  { branch: found({ kind: 'no-git' }) },
  { service: found({ ms: 4000, troubles: [], announced: false }) },
  { logs: found({ folders: ['target'], unwritable: ['target'] }) },
  { lastRun: last(decideRecorded('no-credentials').state) },
  ...['no-credentials', 'service-down', 'commit-timestamps-off', 'unsupported-adapter'].map((run) => ({
    thisRun: decideRecorded(run).state,
  })),
];

function ofFacts(facts: DiagnosisFacts): readonly DiagnosisCheck[] {
  return checklist(facts, new Date(0)).checks;
}
