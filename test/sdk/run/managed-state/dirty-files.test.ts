import { mkdtemp, realpath, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isDirty } from '../../../../sdk/run/managed-state/dirty-files.ts';
import { askProgram } from '../../../../sdk/runtimes/process.ts';
import { CHECKOUT_ENV, type Checkout, newCheckout } from '../../../support/checkout.ts';

let root: string;
let clone: Checkout;
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'dirty-files-')));
  clone = await newCheckout(join(root, 'clone'));
  await clone.commit({ 'dbt/models/a.sql': 'select 1' });
});
afterEach(() => rm(root, { recursive: true, force: true }));

const ask = (ownPaths: readonly string[] = []): Promise<boolean> =>
  isDirty({ projectDir: join(clone.dir, 'dbt'), env: CHECKOUT_ENV, run: askProgram }, clone.sha(), ownPaths);

test.each([
  ['a tracked one', 'dbt/models/a.sql', true],
  ['a new one that dbt reads', 'dbt/models/New model.SQL', true],
  ['a new one that dbt does not read', 'dbt/notes.txt', false],
  ['one outside of the project', 'other.sql', false],
  ['one of a virtual environment', 'dbt/venv/lib/python3.12/site-packages/x/y.py', false],
  ['one of a hidden folder', 'dbt/.venv/x.py', false],
])('%s: %s', async (_, name, expected) => {
  await clone.write({ [name]: 'new' });
  expect(await ask()).toBe(expected);
});

test('staged, deleted, put back, or only touched', async () => {
  await clone.write({ 'dbt/models/a.sql': 'select 2' });
  clone.git('add', '-A');
  expect(await ask()).toBe(true);
  clone.git('reset', '-q', '--hard');
  expect(await ask()).toBe(false);
  await utimes(join(clone.dir, 'dbt/models/a.sql'), 1, 1);
  expect(await ask()).toBe(false);
  await rm(join(clone.dir, 'dbt/models/a.sql'));
  expect(await ask()).toBe(true);
});

test('own files and what git ignores do not count', async () => {
  await clone.commit({ 'dbt/.gitignore': 'build/', 'dbt/profiles.yml': 'x' });
  await clone.write({
    'dbt/build/x.sql': '',
    'dbt/target/compiled/x.sql': '',
    'dbt/profiles.yml': 'y',
  });
  const own = ['target', 'profiles.yml'].map((name) => join(clone.dir, 'dbt', name));
  expect(await ask(own)).toBe(false);
  expect(await ask(own.slice(1))).toBe(true);
  // One that holds the project would make all of it count for nothing; another begins alike.
  expect(await ask([clone.dir, join(clone.dir, 'dbt')])).toBe(true);
  expect(await ask([join(clone.dir, 'dbt/targe'), ...own.slice(1)])).toBe(true);
});

test('files that go through a filter are not looked at with it', async () => {
  const started = join(root, 'started');
  // Its content differs from what git has of it, as that of files of LFS does.
  const filter = `tr a-z A-Z; touch ${started}`;
  clone.git('config', 'filter.x.clean', filter);
  clone.git('config', 'filter.x.required', 'true');
  await clone.commit({ '.gitattributes': '*.csv filter=x', 'dbt/seeds/a.csv': 'a' });
  await rm(started);
  const seed = join(clone.dir, 'dbt/seeds/a.csv');
  await utimes(seed, 1, 1);
  expect(await ask()).toBe(false);
  const later = Date.now() / 1000 + 60;
  await utimes(seed, later, later);
  expect(await ask()).toBe(true);
  await utimes(seed, 1, 1);
  await clone.write({ 'dbt/models/a.sql': 'select 2' });
  expect(await ask()).toBe(true);
  await expect(realpath(started)).rejects.toThrow();
});

test('what git cannot tell counts as a difference', async () => {
  const outside = { projectDir: root, env: CHECKOUT_ENV, run: askProgram };
  expect(await isDirty(outside, clone.sha(), [])).toBe(true);
});
