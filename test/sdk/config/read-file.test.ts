import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readConfigFile } from '../../../sdk/config/read-file.ts';
import { failure, makeFolder } from './folder.ts';

/** The error for a file with this content, with the file's path taken out. */
async function refusal(content: string | Buffer) {
  const path = join(makeFolder({ 'dbt-runcache.yml': content }), 'dbt-runcache.yml');
  const error = await failure(readConfigFile(path));
  expect(error.code).toBe('config-invalid');
  return { lines: error.message.replaceAll(path, '@').split('\n'), hint: error.hint, error };
}
const read = (content: string) =>
  readConfigFile(join(makeFolder({ 'dbt-runcache.yml': content }), 'dbt-runcache.yml'));

test('every key, with the place of each', async () => {
  const path = join(makeFolder({ 'c.yml': EVERYTHING }), 'c.yml');
  const at = (line: number, value: unknown) => ({ value, source: 'file', where: `${path}:${line}` });
  expect(await readConfigFile(path)).toEqual({
    dbt: at(3, 'uv run dbt'),
    'run-cache': at(4, 'inherit'),
    'require-run-cache': at(5, true),
    timeout: at(6, 5_400_000),
    labels: { tenant: at(8, 'acme'), tier: at(9, '1') },
    'on-target-busy': at(10, 'wait'),
    'redact-env': [at(12, 'PG_KEY'), at(13, 'API_KEY')],
    'fail-on': at(14, 'warning'),
    annotations: at(15, 'failures'),
    'job-summary': at(16, false),
    report: at(17, false),
    'dedup-store': at(18, `file:${join(path, '../.ledger')}`),
    'idempotency-key': at(19, 'nightly'),
    'data-version': at(20, '2024-01-01'),
    'key-env': [at(22, 'REGION'), at(23, 'TEAM_*')],
    'key-ignore': [at(25, 'docs')],
    'durable-target': at(26, true),
    'dedup-on': at(27, 'any'),
    'on-in-flight': at(28, 'skip'),
    'in-flight-wait': at(29, 600_000),
    'on-unavailable': at(30, 'fail'),
    'on-mismatch': at(31, 'run'),
    retention: at(32, 730 * 86_400_000),
    lease: at(33, 300_000),
    'restore-compiled': at(34, true),
  });
});

const EVERYTHING = `# for all
version: 1
dbt: uv run dbt
run-cache: inherit
require-run-cache: true
timeout: 1h30m
labels:
  tenant: acme
  tier: "1"
on-target-busy: wait
redact-env:
  - PG_KEY
  - API_KEY
fail-on: warning
annotations: failures
job-summary: false
report: false
dedup-store: file:.ledger
idempotency-key: nightly
data-version: "2024-01-01"
key-env:
  - REGION
  - TEAM_*
key-ignore:
  - docs
durable-target: true
dedup-on: any
on-in-flight: skip
in-flight-wait: 10m
on-unavailable: fail
on-mismatch: run
retention: 730d
lease: 5m
restore-compiled: true
`;

test.each(['', '# all commented out\n', '{}', 'null'])('%j sets nothing', async (content) => {
  expect(await read(content)).toEqual({ labels: {}, 'redact-env': [], 'key-env': [], 'key-ignore': [] });
});

describe('unknown keys', () => {
  test.each([
    ['timeuot: 5m', '@:1: there is no key "timeuot": did you mean timeout?'],
    ['run_cache: inherit', '@:1: there is no key "run_cache": did you mean run-cache?'],
    ['\nrequireRunCache: true', '@:2: there is no key "requireRunCache": did you mean require-run-cache?'],
    ['on_target_busy: wait', '@:1: there is no key "on_target_busy": did you mean on-target-busy?'],
    ['store: s3', '@:1: there is no key "store"'],
    ['<<: {timeout: 5m}', '@:1: there is no key "<<"'],
    ['__proto__: {timeout: 5m}', '@:1: there is no key "__proto__"'],
    ['constructor: 1', '@:1: there is no key "constructor"'],
    ['1: 2', '@:1: there is no key "1"'],
  ])('%j', async (content, line) => {
    const { lines, hint } = await refusal(content);
    expect(lines).toEqual([line]);
    expect(hint).toMatch(/^Known keys: version, dbt, run-cache, .*deps\.$/);
  });

  test.each(['target', 'profiles_dir', 'args', 'projectDir', 'github-token'])(
    '%s belongs elsewhere, and that is said',
    async (key) => {
      const { lines } = await refusal(`${key}: x`);
      expect(lines[0]).toMatch(/^@:1: there is no key "\S+": (?!did you mean)/);
    },
  );
});

describe('wrong values', () => {
  test.each([
    ['timeout: 45', '@:1: timeout is 45: give whole numbers with units'],
    ['timeout: "0s"', '@:1: timeout is "0s": give whole numbers with units'],
    ['timeout: 25d', '@:1: timeout is "25d": give whole numbers with units, at most 24 days'],
    ['timeout:', '@:1: timeout is empty: give'],
    ['require-run-cache: yes', '@:1: require-run-cache is "yes": give true or false'],
    ['report: 0', '@:1: report is 0: give true or false'],
    ['run-cache: embedded', '@:1: run-cache is "embedded": give one of inherit, disabled'],
    ['on-target-busy: queue', '@:1: on-target-busy is "queue": give one of fail, wait'],
    ['fail-on: [error]', '@:1: fail-on is a list: give one of error, warning, never'],
    ['annotations: {}', '@:1: annotations is a map: give one of all, failures, off'],
    ['version: 2', '@:1: version is 2: give 1'],
    ['dbt: ""', '@:1: dbt is empty: give a path or a command'],
    ['labels: [a]', '@:1: labels is a list: give a map'],
    ['labels:\n  team: 7', '@:2: labels.team is 7: '],
    ['data: fresh', '@:1: data is "fresh": give one of sources, ignore'],
    ['data-version: 7', '@:1: data-version is 7: give a text, in quotes'],
    ['data: ignore\ndata-version: "1"', '@:2: data-version and data exclude each other: keep one'],
    ['on-in-flight: no', '@:1: on-in-flight is "no": give one of wait, skip, fail, run'],
    ['lease: 25d', '@:1: lease is "25d": give whole numbers with units, at most 24 days'],
    ['in-flight-wait: 25d', '@:1: in-flight-wait is "25d": give'],
    ['retention: 3651d', '@:1: retention is "3651d": give whole numbers with units, at most 3650 days'],
    ['durable-target: "true"', '@:1: durable-target is "true": give true or false'],
    ['dedup-store: ""', '@:1: dedup-store is empty: give file:<folder>'],
    ['idempotency-key: ""', '@:1: idempotency-key is empty: give a text'],
    ['key-env: [A=b]', '@:1: key-env[0] is not valid: give a list of names'],
    ['key-ignore: ["docs/*"]', '@:1: key-ignore[0] is "docs/*": give a list of paths'],
    ['key-ignore: [""]', '@:1: key-ignore[0] is empty: give a list of paths'],
    ['key-ignore: docs', '@:1: key-ignore is "docs": give a list of paths'],
    ['heartbeat: 5s', '@:1: there is no key "heartbeat": it follows from lease'],
    ['redact-env: KEY', '@:1: redact-env is not valid: give a list of names'],
  ])('%j', async (content, line) => {
    const { lines } = await refusal(content);
    expect(lines).toHaveLength(1);
    expect(lines[0]?.slice(0, line.length)).toBe(line);
  });

  test('all are named at once', async () => {
    const { lines } = await refusal('timeout: 5\nfail-on: no\nreport: 1\nfoo: 1\n');
    expect(lines.map((line) => line.split(' ')[0])).toEqual(
      expect.arrayContaining(['@:1:', '@:2:', '@:3:', '@:4:']),
    );
  });

  test('what may be a secret is not repeated, wherever it stands', async () => {
    const secret = 'sk-live-0123456789';
    for (const content of [
      `redact-env: [A, "KEY=${secret}"]`,
      `redact-env: ${secret}`,
      `labels: "${secret}"`,
      `labels: {token: ["${secret}"]}`,
      `labels: {a: "${secret}${'x'.repeat(1100)}"}`,
      `dbt: ["${secret}"]`,
      `dedup-store: ["${secret}"]`,
      `dedup-store: {a: "${secret}"}`,
      `idempotency-key: ${secret}${'x'.repeat(512)}`,
      `key-env: ${secret}`,
      `token: ${secret}`,
      `github-token: ${secret}`,
      `- ${secret}`,
      `dbt: "${secret}`,
      `dbt: {${secret}: 1}`,
      `${secret}`,
    ]) {
      const { error } = await refusal(content);
      expect(`${error.message}${error.hint}${String(error.cause)}`, content).not.toContain(secret);
    }
  });

  test('a long or hostile text is repeated short and tame', async () => {
    const { lines } = await refusal(`fail-on: "${'x'.repeat(5000)}"\n"\\e[31mred\\u202e\\nnext": 1\n`);
    expect(lines).toHaveLength(2);
    expect(lines.every((line) => line.length < 200)).toBe(true);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none of those may be there.
    expect(lines.join('')).not.toMatch(/[\x00-\x1f\u202e]/);
  });
});

describe('what is no such file', () => {
  test.each([
    ['- a\n- b', '@: its content is not a map of keys'],
    ['just text', '@: its content is not a map of keys'],
    ['timeout: 5m\ntimeout: 6m', '@:2:1: a key stands twice'],
    ['timeout: 5m\n\tdbt: x', '@:2:1: '],
    ['a: 1\n---\nb: 2', '@:2:1: the file holds more than one YAML document'],
    ['dbt: [', '@:1:'],
    ['dbt: *nowhere', '@: its aliases (*) name no anchor'],
    ['dbt: &a [*a]', '@:1: dbt is a list: '],
  ])('%j', async (content, line) => {
    expect((await refusal(content)).lines[0]?.slice(0, line.length)).toBe(line);
  });

  test('bytes that are no text, and a huge file', async () => {
    expect((await refusal(Buffer.from([0x74, 0xff, 0xfe]))).lines).toEqual(['@: it is not UTF-8 text']);
    expect((await refusal(`# ${'x'.repeat(1 << 20)}`)).lines).toEqual(['@: it is larger than 64 KiB']);
  });

  test('aliases that multiply are stopped early', async () => {
    const levels = [...Array(30).keys()].map(
      (n) => `a${n}: &a${n} [${n === 0 ? 'x' : `*a${n - 1}, *a${n - 1}, *a${n - 1}`}]`,
    );
    const began = performance.now();
    expect((await refusal(levels.join('\n'))).lines).toEqual([
      '@: its aliases (*) name no anchor, contain themselves or are too many',
    ]);
    expect(performance.now() - began).toBeLessThan(2000);
  });

  test('deeply nested content is refused and nothing breaks', async () => {
    const { lines } = await refusal(`dbt: ${'['.repeat(20_000)}`);
    expect(lines[0]).toMatch(/^@/);
  });
});

test('a file that went away', async () => {
  const path = join(makeFolder(), 'gone.yml');
  expect(await failure(readConfigFile(path))).toMatchObject({
    code: 'config-invalid',
    message: `${path}: it cannot be read (ENOENT)`,
  });
});

describe('dbt', () => {
  test.each([
    ['.venv', '.venv'],
    ['tools/my venv', 'tools/my venv'],
    ['./missing/venv', 'missing/venv'],
    ['.missing', '.missing'],
    ['../elsewhere/dbt', '../elsewhere/dbt'],
  ])('%s is relative to the file', async (dbt, path) => {
    const folder = makeFolder({ 'c.yml': `dbt: ${dbt}`, '.venv/x': '', 'tools/my venv/x': '' });
    expect((await readConfigFile(join(folder, 'c.yml'))).dbt?.value).toBe(join(folder, path));
  });

  test('so is the program of a command', async () => {
    const folder = makeFolder({ 'c.yml': 'dbt: ./tools/in-docker dbt --quiet' });
    expect((await readConfigFile(join(folder, 'c.yml'))).dbt?.value).toEqual([
      join(folder, 'tools/in-docker'),
      'dbt',
      '--quiet',
    ]);
  });

  test.each(['dbt', 'uv run dbt', '/opt/dbt', '~/venv/bin/dbt', `"unclosed 'quote dbt"`])(
    '%s stays',
    async (dbt) => {
      const folder = makeFolder({ 'c.yml': `dbt: ${dbt}`, 'dbt/dbt_project.yml': '' });
      expect((await readConfigFile(join(folder, 'c.yml'))).dbt?.value).toBe(dbt.replaceAll('"', ''));
    },
  );
});

describe('dedup-store', () => {
  test.each([
    ['file:../my ledger', 'file:@/../my ledger'],
    ['file: sub', 'file:@/sub'],
    ['file:/abs/x', 'file:/abs/x'],
    ['file:///abs/x', 'file:///abs/x'],
    ['file:~/x', 'file:~/x'],
    ['redis:REDIS_URL', 'redis:REDIS_URL'],
    ['none', 'none'],
  ])('%s: a folder in it is relative to the file', async (address, expected) => {
    const folder = makeFolder({ 'c.yml': `dedup-store: "${address}"` });
    const [start, path] = expected.split('@');
    expect((await readConfigFile(join(folder, 'c.yml')))['dedup-store']?.value).toBe(
      path === undefined ? start : `${start}${join(folder, path)}`,
    );
  });
});
