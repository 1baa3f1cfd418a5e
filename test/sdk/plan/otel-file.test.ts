import { expect, test } from 'vitest';
import { parseCommandLine } from '../../../sdk/plan/command-line.ts';
import { otelFileOf } from '../../../sdk/plan/otel-file.ts';

function asked(
  args: readonly string[],
  env: Record<string, string>,
  logPath: string | undefined = '/shop/logs',
) {
  return otelFileOf(parseCommandLine(['build', ...args], 'fusion'), env, logPath);
}

test('nobody asks for one', () => {
  expect(asked([], { DBT_OTEL_PARQUET_FILE_NAME: 'x' })).toBeUndefined();
});

test('the flag, then DBT_OTEL_FILE_NAME, then DBT_ENGINE_OTEL_FILE_NAME', () => {
  const env = { DBT_OTEL_FILE_NAME: '/a', DBT_ENGINE_OTEL_FILE_NAME: '/b' };
  expect(asked(['--otel-file-name', '/c'], env)).toEqual({ path: '/c' });
  expect(asked([], env)).toEqual({ path: '/a' });
  expect(asked([], { DBT_ENGINE_OTEL_FILE_NAME: '/b' })).toEqual({ path: '/b' });
});

test('a name lies beside dbt’s log', () => {
  expect(asked([], { DBT_OTEL_FILE_NAME: 'deep/otel.jsonl' })).toEqual({
    path: '/shop/logs/deep/otel.jsonl',
  });
  expect(otelFileOf(parseCommandLine([]), { DBT_OTEL_FILE_NAME: 'otel.jsonl' }, undefined)).toEqual({
    path: undefined,
  });
});

test('an empty name is dbt’s to refuse', () => {
  expect(asked([], { DBT_OTEL_FILE_NAME: '' })).toEqual({ path: undefined });
});
