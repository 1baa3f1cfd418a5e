import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { printEnvelope } from '../../sdk/dedup/envelope.ts';
import { claimName, digestOf } from '../../sdk/dedup/names.ts';
import type { LedgerRecord, Producer } from '../../sdk/dedup/record.ts';
import { fileStore } from '../../sdk/stores/file.ts';
import { makeCliRig } from './command-line.ts';

const HOUR = 3_600_000;
// biome-ignore lint/suspicious/noControlCharactersInRegex: none of those may be there.
const STEERS = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/;
const EVIL = 'x\u001b[31m\u009b2J\u202e\r\ny';

const WHO: Producer = {
  ...{
    host: 'ci-1',
    pid: 42,
    startedAt: '2026-03-01T10:00:00.000Z',
    command: 'build',
    labels: { team: 'a' },
  },
  url: 'https://ci.example.com/runs/7',
};

const recordOf = (more: Partial<LedgerRecord> = {}): LedgerRecord => ({
  ...{ result: 'succeeded', token: 't', keyKind: 'derived', producer: WHO, exitCode: 0, wallMs: 65_000 },
  finishedAt: '2026-03-01T10:01:05.000Z',
  writers: {},
  parts: [{ name: 'code', digest: 'c'.repeat(64) }],
  bundle: { sha256: 'b'.repeat(64), bytes: 1234 },
  files: [{ path: 'dbt_runcache_report.json', sha256: 'a'.repeat(64), bytes: 999 }],
  ...more,
});

/** A project whose configuration names a ledger in a folder, with these claims, the oldest first. */
async function makeLedger(claims: Record<string, object> = {}) {
  const rig = await makeCliRig([], { 'dbt-runcache.yml': 'dedup-store: file:.ledger' });
  const store = fileStore({ dir: join(rig.folder, '.ledger') });
  for (const [key, claim] of Object.entries(claims)) {
    const envelope = {
      state: 'settled',
      attempt: 1,
      token: 't',
      leaseMs: HOUR,
      beat: 0,
      body: null,
      ...claim,
    };
    const value = printEnvelope(envelope as Parameters<typeof printEnvelope>[0]);
    await store.write({ name: claimName(key), value, expected: undefined, retainMs: HOUR });
    // The next one is written at a later time of the file system.
    const written = await store.read(claimName(key));
    while (written.kind === 'found') {
      const now = await store.read(claimName(key));
      if (now.kind === 'found' && now.entry.ageMs >= written.entry.ageMs + 20) break;
    }
  }
  const ledger = (args: readonly string[], env?: Record<string, string>) => rig.run(['ledger', ...args], env);
  return { ...rig, store, ledger };
}

const digits = (key: string): string => digestOf(key).slice(0, 12);

describe('list', () => {
  test('the newest first, a line each', async () => {
    const { ledger } = await makeLedger({
      one: { body: recordOf({ result: 'failed' }) },
      two: { state: 'held', body: { ...WHO, url: undefined, command: 'docs generate' } },
      three: { state: 'held', leaseMs: 1, body: WHO },
      four: { state: 'free' },
      five: { body: { a: 1 } },
    });
    const { exitCode, stdout, stderr } = await ledger(['list']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['AGE', 'STATE', 'KEY', 'COMMAND', 'WHO'],
      [expect.stringMatching(/^\ds$/), 'unreadable', digits('five')],
      [expect.any(String), 'free', digits('four')],
      [expect.any(String), 'silent', digits('three'), 'build', WHO.url],
      [expect.any(String), 'in flight', digits('two'), 'docs generate', 'ci-1 (42)'],
      [expect.any(String), 'failed', digits('one'), 'build', WHO.url],
      [''],
    ]);
  });

  test('--limit leaves the older ones out and says so; JSON is one document', async () => {
    const { ledger } = await makeLedger({ one: { body: recordOf() }, two: { state: 'free' } });
    const { stdout } = await ledger(['list', '--limit', '1']);
    expect(stdout).toContain(digits('two'));
    expect(stdout).not.toContain(digits('one'));
    expect(stdout).toContain('1 older one not shown: see --limit.\n');
    const json = JSON.parse((await ledger(['list', '--limit', '1', '--format', 'json'])).stdout);
    expect(json).toMatchObject({ version: 1, store: 'file', total: 2, runs: [{ digest: digestOf('two') }] });
    expect(json.runs).toHaveLength(1);
  });

  test('an empty one', async () => {
    const { ledger } = await makeLedger();
    expect(await ledger(['list'])).toMatchObject({ exitCode: 0, stdout: 'The ledger is empty.\n' });
  });
});

describe('show', () => {
  test('everything of one, by its digest, the beginning of it, or the given key', async () => {
    const { ledger } = await makeLedger({
      nightly: { attempt: 3, body: recordOf({ keyKind: 'given', givenKey: 'nightly' }) },
    });
    const { exitCode, stdout } = await ledger(['show', 'nightly']);
    expect(exitCode).toBe(0);
    for (const said of [digestOf('nightly'), 'succeeded', 'the given key nightly', 'build', WHO.startedAt])
      expect(stdout).toContain(said);
    for (const said of ['ci-1, process 42', WHO.url ?? '', 'team=a', 'Owners so far  3', 'after 1m'])
      expect(stdout).toContain(said);
    for (const said of ['cccccccccccc', 'dbt_runcache_report.json, 999 bytes', '1.2 kB'])
      expect(stdout).toContain(said);
    // A second may have gone by.
    const ageless = (text: string): string => text.replace(/\b\d+s\b/g, 'AGE');
    expect(ageless((await ledger(['show', digits('nightly')])).stdout)).toBe(ageless(stdout));
    const json = JSON.parse((await ledger(['show', 'nightly', '--format', 'json'])).stdout);
    expect(json).toMatchObject({
      version: 1,
      line: { givenKey: 'nightly', run: { command: 'build' } },
      details: { exitCode: 0, files: [{ bytes: 999 }] },
    });
  });

  test('a key that is not there: 1', async () => {
    const { ledger } = await makeLedger();
    for (const command of ['show', 'release']) {
      const { exitCode, stdout, stderr } = await ledger([command, 'nothing']);
      expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
      expect(stderr).toContain('The ledger holds nothing under "nothing"');
    }
  });
});

describe('release', () => {
  test('says what it was and what happens next', async () => {
    const { ledger, store } = await makeLedger({
      done: { body: recordOf() },
      going: { state: 'held', body: WHO },
      dead: { state: 'held', leaseMs: 1, body: WHO },
      loose: { state: 'free' },
    });
    const released = async (key: string) => (await ledger(['release', key])).stdout;
    const next = 'The next run of this key runs dbt.\n';
    expect(await released('done')).toMatch(
      new RegExp(
        `^${digits('done')} was succeeded \\(build, ${WHO.url}\\), \\ds ago\\. It is free now\\. ${next}$`,
      ),
    );
    expect(await released('going')).toContain(`The run at it goes on, and its result is not kept. ${next}`);
    expect(await released('dead')).toMatch(/was silent .* It is free now\. The next run/);
    expect(await released('loose')).toMatch(/was free, \ds ago\. The next run/);
    const read = await store.read(claimName('going'));
    expect(read).toMatchObject({ kind: 'found', entry: { value: expect.stringContaining('"free"') } });
    const json = JSON.parse((await ledger(['release', 'done', '--format', 'json'])).stdout);
    expect(json).toMatchObject({ version: 1, released: { state: 'free' } });
  });
});

test('sweep: counts', async () => {
  const { ledger, store } = await makeLedger();
  await store.write({ name: claimName('old'), value: '{}', expected: undefined, retainMs: 1 });
  const { exitCode, stdout } = await ledger(['sweep']);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^Cleared away \d+ entr(y|ies) and 0 blobs\.\n$/);
  const json = JSON.parse((await ledger(['sweep', '--format', 'json'])).stdout);
  expect(json).toMatchObject({ version: 1, swept: { entries: expect.any(Number), blobs: 0 } });
});

test('nothing that comes out of a store steers a terminal', async () => {
  const who = { ...WHO, host: EVIL, command: EVIL, startedAt: EVIL, labels: { [EVIL]: EVIL } };
  const { ledger } = await makeLedger({
    evil: {
      body: recordOf({
        ...{ keyKind: 'given', givenKey: EVIL, finishedAt: EVIL, producer: { ...who, url: EVIL } },
        parts: [{ name: EVIL, digest: null }],
        files: [{ path: 'a\u009b2Jb', sha256: 'a'.repeat(64), bytes: 1 }],
      }),
    },
    held: { state: 'held', body: who },
  });
  for (const args of [
    ['list'],
    ['show', digits('evil')],
    ['show', digits('held')],
    ['release', digits('evil')],
  ]) {
    const json = await ledger([...args.filter((word) => word !== 'release'), '--format', 'json']);
    if (args[0] !== 'release') {
      expect(json.stdout).not.toMatch(STEERS);
      expect(JSON.stringify(JSON.parse(json.stdout))).toContain(JSON.stringify(EVIL).slice(1, -1));
    }
    const { exitCode, stdout } = await ledger(args);
    expect(exitCode).toBe(0);
    expect(stdout, args.join(' ')).not.toMatch(STEERS);
  }
  // Each of the two on a line of its own.
  expect((await ledger(['list'])).stdout.trim().split('\n')).toHaveLength(3);
});

describe('which ledger', () => {
  test('the option before the variable before the file; --no-config reads none', async () => {
    const { ledger, folder } = await makeLedger({ one: { state: 'free' } });
    expect((await ledger(['list', '--dedup-store', 'file:other'])).stdout).toBe('The ledger is empty.\n');
    expect((await ledger(['list'], { DBT_RUNCACHE_DEDUP_STORE: 'file:other' })).stdout).toBe(
      'The ledger is empty.\n',
    );
    expect(existsSync(join(folder, 'other'))).toBe(false);
    writeFileSync(join(folder, 'c.yml'), 'dedup-store: none');
    for (const args of [['--no-config'], ['--config', 'c.yml'], ['--dedup-store', 'none']]) {
      const { exitCode, stderr } = await ledger(['list', ...args]);
      expect(exitCode).toBe(2);
      expect(stderr).toMatch(/There is no ledger[\s\S]*--dedup-store/);
    }
    // Another key of the environment without an address is no reason not to look.
    expect((await ledger(['list'], { DBT_RUNCACHE_ON_IN_FLIGHT: 'skip' })).exitCode).toBe(0);
  });

  test('one that does not answer: 2', async () => {
    const { ledger } = await makeLedger();
    const end = await ledger(['list', '--dedup-store', 'redis://127.0.0.1:1']);
    expect(end).toMatchObject({ exitCode: 2, stdout: '' });
    expect(end.stderr).toContain('could not be listed');
  });

  test('an address with a password is refused and not repeated', async () => {
    const { ledger } = await makeLedger();
    const { exitCode, stderr } = await ledger(['list', '--dedup-store', 'redis://:hunter2@host']);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('redis:REDIS_URL');
    expect(stderr).not.toContain('hunter2');
  });
});

test.each([
  [[], /ledger needs a command/, /list, show, release, sweep/],
  [['lst'], /no command "lst"/, /Did you mean dbt-runcache ledger list\?/],
  [['show'], /ledger show needs a key/, /ledger show 0123456789ab/],
  [['release', 'a', 'b'], /takes no "b"/, /--help/],
  [['list', 'a'], /takes no "a"/, /--help/],
  [['sweep', '--limit', '3'], /takes no --limit/, /Leave it out/],
  [['list', '--limit', '0'], /--limit is "0"/, /at least 1/],
  [['list', '--format', 'markdown'], /--format is "markdown"/, /text, json/],
])('%j: 2, and what to do', async (args, message, hint) => {
  const { ledger } = await makeLedger();
  const { exitCode, stdout, stderr } = await ledger(args);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  expect(stderr).toMatch(message);
  expect(stderr).toMatch(hint);
});
