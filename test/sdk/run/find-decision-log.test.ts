import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { StateSetting } from '../../../sdk/plan/state/setting.ts';
import { findDecisionLog } from '../../../sdk/run/find-decision-log.ts';

let logPath: string;
const startedAt = new Date(Date.now() - 60_000);
const later = new Date(startedAt.getTime() + 5000).toISOString();
const earlier = new Date(startedAt.getTime() - 5000).toISOString();

beforeEach(async () => {
  logPath = await mkdtemp(join(tmpdir(), 'logs-'));
});
afterEach(async () => {
  await rm(logPath, { recursive: true });
});

async function log(path: string, began: string): Promise<string> {
  const file = join(logPath, path);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, `${JSON.stringify({ start_timestamp_utc: began, entry_type: 'run_start' })}\n`);
  return file;
}
const find = (settings: readonly StateSetting[] = [], env: Record<string, string> = {}) =>
  findDecisionLog({ logPath, cwd: logPath, env, settings, startedAt });
const set = (field: string, value: string, more: Partial<StateSetting> = {}): StateSetting => ({
  field,
  value,
  source: { kind: 'project', name: `dbt_project.yml: flags.run_cache_${field.toLowerCase()}` },
  overrides: [],
  ...more,
});

test('finds the log that was begun during the run, in either plugin’s folder', async () => {
  await log('state/responses_1.jsonl', earlier);
  expect(await find()).toBeUndefined();
  const mine = await log('run_cache/responses_2.jsonl', later);
  expect((await find())?.path).toBe(mine);
});

test.each(['run_cache', 'state'])('finds that of dbt v2 in logs/%s', async (folder) => {
  const name = 'responses_20260101T000000Z-01a1fbc1-b4eb-7dc0-a73c-7f2eb48e31da.jsonl';
  const mine = await log(`${folder}/${name}`, later.replace(/\.(\d{3})Z$/, '.$1456789+00:00'));
  expect((await find())?.path).toBe(mine);
});

test('a time in whole seconds is not taken for an earlier one', async () => {
  const whole = (date: string): string => date.replace(/\.\d{3}Z$/, 'Z');
  await log('state/responses_1.jsonl', whole(earlier));
  expect(await find()).toBeUndefined();
  const mine = await log('state/responses_2.jsonl', whole(startedAt.toISOString()));
  expect((await find())?.path).toBe(mine);
});

test('passes over other files and torn ones', async () => {
  await log('state/other_1.jsonl', later);
  await log('state/responses_1.txt', later);
  await mkdir(join(logPath, 'state'), { recursive: true });
  await writeFile(join(logPath, 'state', 'responses_9.jsonl'), '{"start_timesta');
  expect(await find()).toBeUndefined();
});

test('follows the settings for folder and name, wherever they come from', async () => {
  const mine = await log('elsewhere/mine_1.jsonl', later);
  const settings = [set('LOG_DIR_OVERRIDE', join(logPath, 'elsewhere')), set('LOG_PREFIX', 'mine_')];
  expect((await find(settings))?.path).toBe(mine);
  expect((await find([...settings].map((one) => ({ ...one, ignored: 'It is off.' }))))?.path).toBeUndefined();
});

test('a relative folder is below the one dbt runs in', async () => {
  const mine = await log('elsewhere/responses_1.jsonl', later);
  expect((await find([set('LOG_DIR_OVERRIDE', 'elsewhere')]))?.path).toBe(mine);
  expect((await find([set('LOG_DIR_OVERRIDE', '~/elsewhere')], { HOME: logPath }))?.path).toBe(mine);
});

test('a value that is shown as a secret is read from its variable', async () => {
  const mine = await log('state/mine_1.jsonl', later);
  const name = 'DBT_ENV_SECRET_STATE_LOG_PREFIX';
  const secret = set('LOG_PREFIX', 'set', { source: { kind: 'environment', name } });
  expect((await find([secret], { [name]: 'mine_' }))?.path).toBe(mine);
});

test('of two that were begun during the run, either may be another run’s', async () => {
  await log('state/responses_1.jsonl', later);
  expect(await find()).toBeDefined();
  await log('run_cache/responses_2.jsonl', later);
  expect(await find()).toBeUndefined();
});

test('no folder, no log', async () => {
  expect(await find()).toBeUndefined();
});
