import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseDuration } from '../../sdk/index.ts';
import { REPOSITORY } from '../support/repository.ts';
import { blocks, readDoc } from './markdown.ts';

interface Step {
  readonly uses?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}
interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly 'timeout-minutes'?: number;
  readonly steps: readonly Step[];
}
interface Workflow {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
  readonly on?: unknown;
  readonly concurrency?: { readonly group: string };
}
/** A job with what it may do. */
interface Shown {
  readonly place: string;
  readonly job: Job;
  readonly permissions: Readonly<Record<string, string>>;
  readonly concurrency: Workflow['concurrency'] | 'of a whole that is not shown';
}

const EXAMPLES = 'examples/workflows';
let action: { readonly inputs: Readonly<Record<string, unknown>> };
let jobs: readonly Shown[] = [];

beforeAll(async () => {
  action = parse(await readDoc('action.yml')) as typeof action;
  const pages = [
    ...['README.md', 'docs/dedup.md'],
    ...(await readdir(join(REPOSITORY, 'docs/stores'))).map((name) => `docs/stores/${name}`),
  ];
  const examples = (await readdir(join(REPOSITORY, EXAMPLES)))
    .filter((name) => name.endsWith('.yml'))
    .map((name) => `${EXAMPLES}/${name}`);
  const texts = [
    ...(await Promise.all(
      pages.map(async (place) => blocks(await readDoc(place), 'yaml').map((text) => ({ place, text }))),
    )),
    await Promise.all(examples.map(async (place) => ({ place, text: await readDoc(place) }))),
  ].flat();
  jobs = texts.flatMap(({ place, text }) => {
    const { jobs: found = {}, permissions = {}, on, concurrency } = parse(text) as Partial<Workflow>;
    return Object.entries(found).map(([name, job]) => ({
      place: `${place}: ${name}`,
      job,
      permissions: job.permissions ?? permissions,
      concurrency: on === undefined ? 'of a whole that is not shown' : concurrency,
    }));
  });
});

const ofOurs = ({ job }: Shown): readonly Readonly<Record<string, unknown>>[] =>
  job.steps.filter(({ uses }) => uses === 'org/dbt-runcache-action@v1').map((step) => step.with ?? {});

test('all that is shown as a workflow says what its token may do, ends in time, and gives inputs that there are', () => {
  expect(jobs.length).toBeGreaterThan(8);
  expect(jobs.some(({ place }) => place.startsWith(EXAMPLES))).toBe(true);
  for (const shown of jobs) {
    expect(shown.permissions['contents'], shown.place).toMatch(/^(?:read|write)$/);
    expect(shown.job['timeout-minutes'], shown.place).toBeGreaterThan(0);
    expect(shown.concurrency, `${shown.place}: concurrency`).toBeDefined();
    for (const inputs of ofOurs(shown)) {
      expect(Object.keys(inputs).filter((name) => !(name in action.inputs))).toEqual([]);
      const minutes = (name: string): number => parseDuration(String(inputs[name])) / 60_000;
      expect(minutes('timeout'), shown.place).toBeLessThan(shown.job['timeout-minutes'] ?? 0);
      if ('in-flight-wait' in inputs)
        expect(minutes('in-flight-wait'), shown.place).toBeLessThan(minutes('timeout'));
    }
  }
});

test('a step with a ledger has a key, is trusted where its ledger is one of a branch, and may ask for owners', () => {
  const steps = jobs.flatMap((shown) => ofOurs(shown).map((inputs) => ({ ...shown, inputs })));
  const withLedger = steps.filter(({ inputs }) => inputs['dedup'] !== undefined && inputs['dedup'] !== 'off');
  expect(withLedger.length).toBeGreaterThan(5);
  for (const { inputs, permissions, place, job } of withLedger) {
    if (inputs['dedup'] === 'auto')
      expect(inputs['data-version'] ?? inputs['data'], `${place}: the data`).toBeDefined();
    const store = String(inputs['dedup-store'] ?? 'actions-cache:');
    const isOfGithub = /^(?:actions-cache|git-ref):/.test(store);
    // Who leaves the record waits for nobody.
    if (isOfGithub && inputs['phase'] !== 'finish')
      expect(permissions['actions'], `${place}: ${store}`).toBe('read');
    if (store.startsWith('actions-cache:')) expect(inputs['durable-target'], place).toBe(true);
    expect(permissions['contents'], `${place}: ${store}`).toBe(
      store.startsWith('git-ref:') ? 'write' : 'read',
    );
    // Where project code runs, no token lies in .git/config.
    const checkout = job.steps.find(({ uses }) => uses?.startsWith('actions/checkout@'));
    expect(checkout?.with?.['persist-credentials'], place).toBe(false);
  }
});
