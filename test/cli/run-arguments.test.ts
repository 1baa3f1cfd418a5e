import { describe, expect, test } from 'vitest';
import { readRunArguments } from '../../sdk/cli/run-arguments.ts';
import { UsageError } from '../../sdk/cli/usage-error.ts';

const read = (args: string[], env: Record<string, string> = {}) => readRunArguments(args, env);

describe('dbt-runcache run', () => {
  test('what follows -- is for dbt, even what looks like ours', () => {
    const { dbtArgs, options, logFormat, explainCache } = read([
      '--',
      'build',
      '--log-format',
      'json',
      '--help',
      '--',
      'x',
    ]);
    expect(dbtArgs).toEqual(['build', '--log-format', 'json', '--help', '--', 'x']);
    expect(logFormat).toBe('text');
    expect(explainCache).toBe(false);
    // What was left out is undefined, for the configuration to say.
    expect(options).toEqual({ labels: {}, redact: [] });
  });

  test('every option', () => {
    const args = ['--dbt', 'uv run dbt', '--timeout=1h30m', '--label', 'tenant=acme', '--label', 'sql=a=b'];
    const more = [
      '--redact-env',
      'TOKEN',
      '--redact-env',
      'UNSET',
      '--on-target-busy',
      'wait',
      '--no-report',
      '--explain-cache',
      ...['--run-cache', 'disabled', '--require-run-cache', '--config', 'ci/policy.yml'],
    ];
    const last = ['--log-format', 'json', '--summary', 'out.md', '--', 'run'];
    expect(read([...args, ...more, ...last], { TOKEN: 'hush' })).toEqual({
      help: false,
      dbtArgs: ['run'],
      logFormat: 'json',
      summaryPath: 'out.md',
      explainCache: true,
      config: 'ci/policy.yml',
      options: {
        dbt: 'uv run dbt',
        runCache: 'disabled',
        requireRunCache: true,
        timeout: 5_400_000,
        labels: { tenant: 'acme', sql: 'a=b' },
        redact: ['hush'],
        onTargetBusy: 'wait',
        report: false,
      },
    });
  });

  test('every option about the ledger', () => {
    const args = [
      ...['--dedup-store', 'file:x y', '--idempotency-key', 'nightly', '--data-version', '2024-01-01'],
      ...['--key-env', 'REGION', '--key-env', 'TEAM_*', '--durable-target', '--dedup-on', 'any'],
      ...['--key-ignore', 'docs', '--key-ignore', '/var/a.log'],
      ...['--on-in-flight', 'skip', '--in-flight-wait', '10m', '--on-unavailable', 'fail'],
      ...['--on-mismatch', 'run', '--retention', '365d', '--lease', '5m', '--no-restore-compiled'],
    ];
    expect(read([...args, '--', 'build']).options.dedup).toEqual({
      store: 'file:x y',
      idempotencyKey: 'nightly',
      data: { version: '2024-01-01' },
      keyEnv: ['REGION', 'TEAM_*'],
      keyIgnore: ['docs', '/var/a.log'],
      durableTarget: true,
      dedupOn: 'any',
      onInFlight: 'skip',
      inFlightWait: 600_000,
      onUnavailable: 'fail',
      onMismatch: 'run',
      retention: 31_536_000_000,
      lease: 300_000,
      restoreCompiled: false,
    });
    expect(read(['--data', 'sources', '--', 'build']).options.dedup?.data).toBe('sources');
    expect(read(['--', 'build']).options.dedup).toBeUndefined();
  });

  test('every option about the production state', () => {
    const args = [
      ...['--state', 'managed', '--slim', 'strict', '--publish-state', 'always', '--state-store', 'file:x y'],
      ...['--state-environment', 'staging', '--on-missing-state', 'fail', '--max-state-age', '7d'],
      ...['--state-retention', '365d', '--fresher-sources', '--parse-cache', '--deps', 'auto'],
    ];
    expect(read([...args, '--', 'build', '--state', 'x']).options).toMatchObject({
      state: {
        managed: true,
        slim: 'strict',
        publish: 'always',
        store: 'file:x y',
        environment: 'staging',
        onMissing: 'fail',
        maxAge: 604_800_000,
        retention: 31_536_000_000,
        fresherSources: true,
      },
      parseCache: true,
      deps: 'auto',
    });
    const slim = (mode: string) => read(['--slim', mode, '--', 'build']).options.state;
    expect([slim('true'), slim('false')]).toEqual([{ slim: true }, { slim: false }]);
    expect(read(['--state', 'off', '--slim', 'true', '--', 'build']).options.state).toBe('off');
    expect(read(['--no-parse-cache', '--', 'build']).options).toMatchObject({
      parseCache: false,
      state: undefined,
    });
  });

  test('what may be a secret is not repeated', () => {
    expect(() => read(['--state-store', '', '--', 'build'])).toThrow(/^--state-store is empty$/);
    const secret = `hunter2${'x'.repeat(512)}`;
    expect(() => read(['--idempotency-key', secret, '--', 'build'])).toThrow(
      /^--idempotency-key is not valid$/,
    );
  });

  test('the configuration file, and taking back what it says', () => {
    expect(read(['--', 'build']).config).toBeUndefined();
    expect(read(['--no-config', '--', 'build']).config).toBe('none');
    expect(read(['--config', 'a.yml', '--no-config', '--', 'build']).config).toBe('none');
    expect(read(['--no-config', '--config', 'a.yml', '--', 'build']).config).toBe('a.yml');
    expect(read(['--no-require-run-cache', '--report', '--', 'build']).options).toMatchObject({
      requireRunCache: false,
      report: true,
    });
  });

  test('help needs no dbt arguments', () => {
    expect(read(['--help']).help).toBe(true);
    expect(read(['-h']).help).toBe(true);
  });

  test.each([
    [[], /nothing for dbt/, /run -- build/],
    [['--'], /nothing for dbt/, /run -- build/],
    [['build'], /"build" stands before --/, /run -- build/],
    [['build', '--', '-x'], /"build" stands before --/, /: dbt-runcache run -- -x build$/],
    [['--bogus', '--', 'build'], /--bogus/, /run --help/],
    [
      ['build', '--select', 'x'],
      /--select/,
      /^dbt's options go after --: dbt-runcache run -- build --select x$/,
    ],
    [['--timeout', '5m', 'run', '-s', 'x'], /-s/, /: dbt-runcache run --timeout 5m -- run -s x$/],
    [['--tiemout', '5m', '--', 'build'], /--tiemout/, /^Did you mean --timeout\?$/],
    [['--timeout', '5', '--', 'build'], /^--timeout: "5" is not a duration$/, /45m/],
    [['--dbt', '--', 'build'], /--dbt/, /run --help/],
    [['--label', 'x', '--', 'build'], /--label is "x"/, /name=value/],
    [['--label', '=x', '--', 'build'], /--label is "=x"/, /name=value/],
    [['--log-format', 'xml', '--', 'build'], /--log-format is "xml"/, /text, json/],
    [['--run-cache', 'off', '--', 'build'], /--run-cache is "off"/, /inherit, disabled/],
    [['--runcache', 'disabled', '--', 'build'], /--runcache/, /^Did you mean --run-cache\?$/],
    [['--config', '', '--', 'build'], /--config is empty/, /--no-config/],
    [
      ['--data', 'x', '--data-version', 'y', '--', 'build'],
      /^--data is "x"$/,
      /sources, ignore.*data-version/,
    ],
    [
      ['--data', 'ignore', '--data-version', 'y', '--', 'build'],
      /^--data and --data-version exclude each other$/,
      /Keep one/,
    ],
    [['--dedup-store', '', '--', 'build'], /^--dedup-store is empty$/, /leave it out/],
    [['--key-env', 'A=b', '--', 'build'], /^--key-env is no name of a variable$/, /--key-env REGION/],
    [
      ['--key-ignore', 'docs/*', '--', 'build'],
      /^--key-ignore is "docs\/\*": it takes no patterns$/,
      /ignore docs\./,
    ],
    [['--key-ignore', '?.md', '--', 'build'], /it takes no patterns$/, /the folder itself/],
    [['--key-ignore', ' ', '--', 'build'], /^--key-ignore is empty$/, /leave it out/],
    [['--retention', '3651d', '--', 'build'], /^--retention is "3651d"$/, /at most 3650 days/],
    [['--slim', 'yes', '--', 'build'], /^--slim is "yes"$/, /true, false, strict/],
    [['--slim', '--', 'build'], /--slim/, /run --help/],
    [['--state', 'on', '--', 'build'], /^--state is "on"$/, /managed, off/],
    [['--state-environment', 'a b', '--', 'build'], /^--state-environment is "a b"$/, /1 to 64/],
    [['--max-state-age', '3651d', '--', 'build'], /^--max-state-age is "3651d"$/, /at most 3650 days/],
    [['--lease', '5', '--', 'build'], /^--lease is "5"$/, /at most 24 days/],
    [['--on-in-flight', 'queue', '--', 'build'], /--on-in-flight is "queue"/, /wait, skip, fail, run/],
    [['--heartbeat', '5s', '--', 'build'], /--heartbeat/, /run --help/],
    [['--on-target-busy', 'queue', '--', 'build'], /--on-target-busy is "queue"/, /fail, wait/],
  ])('%j is a usage error that says what to do', (args, message, hint) => {
    const thrown = (() => {
      try {
        return read(args);
      } catch (error) {
        return error;
      }
    })();
    expect(thrown).toBeInstanceOf(UsageError);
    expect(thrown).toMatchObject({
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    });
  });
});
