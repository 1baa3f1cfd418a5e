import type { ConfigKey, DedupOptions, RunOptions, StateOptions } from '../../../sdk/index.ts';

/** A key with a value for each place it may be given in. All differ, so that it shows where a value came from. */
export interface PrecedenceCase {
  readonly key: ConfigKey;
  /** As YAML. */
  readonly file: string;
  readonly variable: string;
  readonly call: string;
  /** What comes of the call, the variable, the file and of none. */
  readonly values: readonly [call: unknown, variable: unknown, file: unknown, none: unknown];
  /** The option of the run it becomes; absent for what only the Action knows. */
  readonly option?: keyof RunOptions;
}

/** Values of the variables that are to be redacted. */
export const SECRETS = { KEY_A: 'aaaa-1', KEY_B: 'bbbb-2', KEY_C: 'cccc-3' };

/** Yes and no have no third value: what wins is told by turning the one below round. */
const flag = (key: ConfigKey, option?: keyof RunOptions, none?: boolean): PrecedenceCase[] =>
  [true, false].map((call) => ({
    ...{ key, file: String(call), variable: String(!call), call: String(call) },
    values: [call, !call, call, none],
    ...(option === undefined ? {} : { option }),
  }));

export const PRECEDENCE: readonly PrecedenceCase[] = [
  {
    ...{ key: 'dbt', option: 'dbt', file: '/file/dbt', variable: '/variable/dbt', call: '/call/dbt' },
    values: ['/call/dbt', '/variable/dbt', '/file/dbt', undefined],
  },
  {
    ...{ key: 'run-cache', option: 'runCache', file: 'disabled', variable: 'inherit', call: 'disabled' },
    values: ['disabled', 'inherit', 'disabled', undefined],
  },
  ...flag('require-run-cache', 'requireRunCache'),
  {
    ...{ key: 'timeout', option: 'timeout', file: '3m', variable: '2m', call: '1m' },
    values: [60_000, 120_000, 180_000, undefined],
  },
  {
    ...{
      key: 'labels',
      option: 'labels',
      file: '{x: file, f: "1"}',
      variable: '{"x":"variable","v":"2"}',
      call: 'x=call',
    },
    values: [{ x: 'call', v: '2', f: '1' }, { x: 'variable', v: '2', f: '1' }, { x: 'file', f: '1' }, {}],
  },
  {
    ...{ key: 'on-target-busy', option: 'onTargetBusy', file: 'wait', variable: 'fail', call: 'wait' },
    values: ['wait', 'fail', 'wait', undefined],
  },
  {
    ...{ key: 'redact-env', option: 'redact', file: '[KEY_C]', variable: 'KEY_B', call: 'KEY_A' },
    values: [['aaaa-1', 'bbbb-2', 'cccc-3'], ['bbbb-2', 'cccc-3'], ['cccc-3'], []],
  },
  {
    key: 'fail-on',
    file: 'warning',
    variable: 'error',
    call: 'never',
    values: ['never', 'error', 'warning', 'error'],
  },
  {
    key: 'annotations',
    file: 'failures',
    variable: 'all',
    call: 'off',
    values: ['off', 'all', 'failures', 'all'],
  },
  ...flag('job-summary', undefined, true),
  ...flag('report', 'report'),
  {
    ...{ key: 'deps', option: 'deps', file: 'auto', variable: 'never', call: 'auto' },
    values: ['auto', 'never', 'auto', undefined],
  },
];

/** A key about the ledger: none of them is an input of the Action. */
export interface LedgerCase extends Omit<PrecedenceCase, 'option'> {
  /** What it becomes, within `dedup`. */
  readonly option: keyof DedupOptions;
}

const ledgerFlag = (key: ConfigKey, option: keyof DedupOptions): LedgerCase[] =>
  flag(key).map((row) => ({ ...row, option }));

/** Every case but that of the address itself needs one. */
export const LEDGER_PRECEDENCE: readonly LedgerCase[] = [
  {
    ...{ key: 'dedup-store', option: 'store', file: 'file:/file', variable: 'file:/var', call: 'memory:' },
    values: ['memory:', 'file:/var', 'file:/file', undefined],
  },
  {
    ...{ key: 'idempotency-key', option: 'idempotencyKey', file: 'f', variable: 'v', call: 'c' },
    values: ['c', 'v', 'f', undefined],
  },
  {
    ...{ key: 'data', option: 'data', file: 'ignore', variable: 'sources', call: 'ignore' },
    values: ['ignore', 'sources', 'ignore', undefined],
  },
  {
    ...{ key: 'data-version', option: 'data', file: 'f', variable: 'v', call: 'c' },
    values: [{ version: 'c' }, { version: 'v' }, { version: 'f' }, undefined],
  },
  {
    ...{ key: 'key-env', option: 'keyEnv', file: '[KEY_C, "C_*"]', variable: 'KEY_B', call: 'KEY_A' },
    values: [['KEY_A', 'KEY_B', 'KEY_C', 'C_*'], ['KEY_B', 'KEY_C', 'C_*'], ['KEY_C', 'C_*'], undefined],
  },
  {
    ...{ key: 'key-ignore', option: 'keyIgnore', file: '[docs, c.md]', variable: 'b.log', call: '/a' },
    values: [['/a', 'b.log', 'docs', 'c.md'], ['b.log', 'docs', 'c.md'], ['docs', 'c.md'], undefined],
  },
  ...ledgerFlag('durable-target', 'durableTarget'),
  {
    ...{ key: 'dedup-on', option: 'dedupOn', file: 'any', variable: 'success', call: 'any' },
    values: ['any', 'success', 'any', undefined],
  },
  {
    ...{ key: 'on-in-flight', option: 'onInFlight', file: 'skip', variable: 'fail', call: 'run' },
    values: ['run', 'fail', 'skip', undefined],
  },
  {
    ...{ key: 'in-flight-wait', option: 'inFlightWait', file: '3m', variable: '2m', call: '1m' },
    values: [60_000, 120_000, 180_000, undefined],
  },
  {
    ...{ key: 'on-unavailable', option: 'onUnavailable', file: 'fail', variable: 'run', call: 'fail' },
    values: ['fail', 'run', 'fail', undefined],
  },
  {
    ...{ key: 'on-mismatch', option: 'onMismatch', file: 'run', variable: 'fail', call: 'run' },
    values: ['run', 'fail', 'run', undefined],
  },
  {
    ...{ key: 'retention', option: 'retention', file: '300d', variable: '200d', call: '100d' },
    values: [8_640_000_000, 17_280_000_000, 25_920_000_000, undefined],
  },
  {
    ...{ key: 'lease', option: 'lease', file: '3m', variable: '2m', call: '1m' },
    values: [60_000, 120_000, 180_000, undefined],
  },
  ...ledgerFlag('restore-compiled', 'restoreCompiled'),
];

/** A key about production's state. */
export interface StateCase extends Omit<PrecedenceCase, 'option'> {
  /** What it becomes, within `state`. */
  readonly option: keyof StateOptions;
}

const stateText = (
  key: ConfigKey,
  option: keyof StateOptions,
  [call, variable, file]: readonly [string, string, string],
  values: PrecedenceCase['values'] = [call, variable, file, undefined],
): StateCase => ({ key, option, call, variable, file, values });

/** Every case needs what {@link asksForState} says. */
export const STATE_PRECEDENCE: readonly StateCase[] = [
  stateText('state', 'managed', ['managed', 'off', 'managed'], [true, undefined, true, undefined]),
  stateText('slim', 'slim', ['strict', 'false', 'true'], ['strict', false, true, undefined]),
  stateText('slim', 'slim', ['false', 'true', 'strict'], [false, true, 'strict', undefined]),
  stateText('publish-state', 'publish', ['never', 'always', 'auto']),
  stateText(
    'state-store',
    'store',
    ['file:/call', 'file:/var', 'file:/file'],
    [...(['file:/call', 'file:/var', 'file:/file', 'memory:'] as const)],
  ),
  stateText('state-environment', 'environment', ['c-1', 'v.2', 'f_3']),
  stateText('on-missing-state', 'onMissing', ['fail', 'build-all', 'fail']),
  stateText('max-state-age', 'maxAge', ['1m', '2m', '3m'], [60_000, 120_000, 180_000, undefined]),
  stateText(
    'state-retention',
    'retention',
    ['100d', '200d', '300d'],
    [...([8_640_000_000, 17_280_000_000, 25_920_000_000, undefined] as const)],
  ),
  ...flag('fresher-sources').map((row): StateCase => ({ ...row, option: 'fresherSources' })),
];

/** What needs a store alone. */
export interface ParseCacheCase extends Omit<PrecedenceCase, 'option'> {
  readonly option?: undefined;
}

export const PARSE_CACHE_PRECEDENCE: readonly ParseCacheCase[] = [true, false].map((call) => {
  const [yes, no] = [{ store: 'memory:' }, undefined];
  return {
    ...{ key: 'parse-cache', file: String(call), variable: String(!call), call: String(call) },
    values: call ? [yes, no, yes, no] : [no, yes, no, no],
  };
});

/** A file with a store, and with something that asks for the state. */
export function asksForState(key: ConfigKey): string {
  return `dedup-store: "memory:"\n${key === 'slim' ? 'publish-state: auto' : 'slim: true'}\n`;
}

/** The four ways to give a case: all places, without the call, the file alone, nowhere. */
export function situations({ key, file, variable, call, values }: Omit<PrecedenceCase, 'option'>) {
  const name = `DBT_RUNCACHE_${key.toUpperCase().replaceAll('-', '_')}`;
  return values.map((value, at) => ({
    value,
    files: at < 3 ? { 'dbt-runcache.yml': `${key}: ${file}\n` } : {},
    env: at < 2 ? { ...SECRETS, [name]: variable } : SECRETS,
    call: at < 1 ? call : undefined,
  }));
}
