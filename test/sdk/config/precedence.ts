import type { ConfigKey, RunOptions } from '../../../sdk/index.ts';

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
];

/** The four ways to give a case: all places, without the call, the file alone, nowhere. */
export function situations({ key, file, variable, call, values }: PrecedenceCase) {
  const name = `DBT_RUNCACHE_${key.toUpperCase().replaceAll('-', '_')}`;
  return values.map((value, at) => ({
    value,
    files: at < 3 ? { 'dbt-runcache.yml': `${key}: ${file}\n` } : {},
    env: at < 2 ? { ...SECRETS, [name]: variable } : SECRETS,
    call: at < 1 ? call : undefined,
  }));
}
