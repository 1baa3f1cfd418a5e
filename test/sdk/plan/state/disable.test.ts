import { expect, test } from 'vitest';
import { type DisableInput, withStateDisabled } from '../../../../sdk/plan/state/disable.ts';

const disable = (more: Partial<DisableInput>) =>
  withStateDisabled({
    engine: 'core',
    env: {},
    namesInDotEnv: new Set(),
    args: ['build'],
    platform: 'linux',
    ...more,
  });

test('dbt Core: the plugin’s own switch, and the name that would outrank it is gone', () => {
  expect(disable({ env: { A: '1', DBT_ENGINE_MANAGE_STATE: 'true', RUN_CACHE_DISABLED: 'false' } })).toEqual({
    A: '1',
    RUN_CACHE_DISABLED: 'true',
  });
});

test('dbt Core: a name a .env file would bring back is set, since what is set stays', () => {
  expect(disable({ namesInDotEnv: new Set(['DBT_ENGINE_MANAGE_STATE']) })).toEqual({
    RUN_CACHE_DISABLED: 'true',
    DBT_ENGINE_MANAGE_STATE: 'false',
  });
});

test('dbt v2: the variable it reads, and nothing else', () => {
  expect(disable({ engine: 'fusion', env: { A: '1', DBT_ENGINE_MANAGE_STATE: 'yes' } })).toEqual({
    A: '1',
    DBT_ENGINE_MANAGE_STATE: 'false',
  });
});

test('dbt v2: a flag that says the opposite is a contradiction, unless its own opposite is there too', () => {
  expect(() => disable({ engine: 'fusion', args: ['build', '--manage-state'] })).toThrow(
    'exclude each other',
  );
  disable({ engine: 'fusion', args: ['build', '--manage-state', '--no-manage-state'] });
  disable({ engine: 'fusion', args: ['run-operation', 'x', '--', '--manage-state'] });
});

test('Windows knows a name in any case', () => {
  expect(disable({ platform: 'win32', env: { dbt_engine_manage_state: 'true', Path: 'x' } })).toEqual({
    Path: 'x',
    RUN_CACHE_DISABLED: 'true',
  });
});
