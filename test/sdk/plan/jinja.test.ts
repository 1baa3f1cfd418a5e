import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type JinjaContext, renderJinja } from '../../../sdk/plan/jinja.ts';

interface Fixture {
  readonly env: Readonly<Record<string, string>>;
  readonly vars: Readonly<Record<string, unknown>>;
  readonly written: number;
  readonly rows: readonly { template: string; value?: unknown; fails?: 'missing' | 'other' }[];
}

const fixture = JSON.parse(
  readFileSync(new URL('../../fixtures/jinja/dbt-1.11.json', import.meta.url), 'utf8'),
) as Fixture;

const context: JinjaContext = {
  variable: (name) => {
    const value = fixture.env[name];
    return value === undefined ? 'unset' : { value };
  },
  vars: fixture.vars,
};

describe('beside dbt 1.11 itself', () => {
  test('never another value, and an error only where dbt has one', () => {
    const wrong = fixture.rows.flatMap((row): unknown[] => {
      const ours = renderJinja(row.template, context);
      if (ours.kind === 'unknown') return [];
      if (ours.kind === 'missing') return row.fails === 'missing' ? [] : [{ row, ours }];
      return row.fails === undefined && ours.value === row.value ? [] : [{ row, ours }];
    });
    expect(wrong).toEqual([]);
  });

  test('most of what dbt can work out is worked out', () => {
    const withValue = fixture.rows.filter((row) => row.fails === undefined);
    const unknown = withValue.filter((row) => renderJinja(row.template, context).kind === 'unknown');
    expect(withValue.length).toBeGreaterThan(300);
    expect(unknown.length / withValue.length).toBeLessThan(0.25);
  });
});

describe('what people write', () => {
  const value = (template: string, more: Partial<JinjaContext> = {}): unknown =>
    renderJinja(template, { ...context, ...more });

  test.each([
    ['dev', 'dev'],
    ["{{ env_var('TARGET') }}", 'prod'],
    ["{{ env_var('MISSING', 'dev') }}", 'dev'],
    ["{{ env_var('EMPTY', 'dev') }}", ''],
    ["{{ env_var('FOUR') | int }}", 4],
    ["{{ env_var('FOUR') | as_number }}", 4],
    ["{{ env_var('MISSING', '8') | int }}", 8],
    ["{{ env_var('UPPER') | lower }}", 'prod'],
    ["ci_{{ env_var('TARGET') }}", 'ci_prod'],
    ["{{ 'ci_' ~ env_var('TARGET') }}", 'ci_prod'],
    ["{{ 'prod' if env_var('TRUE') == 'true' else 'dev' }}", 'prod'],
    ["{{ env_var('EMPTY') or 'dev' }}", 'dev'],
    ["{{ var('env', 'dev') }}", 'staging'],
  ])('%s', (template, expected) => {
    expect(value(template)).toEqual({ kind: 'value', value: expected });
  });

  test('a required variable that is not set is named', () => {
    expect(value("x{{ env_var('MISSING') | upper }}")).toEqual({ kind: 'missing', variable: 'MISSING' });
  });

  test('a variable only a branch not taken needs is not missed', () => {
    expect(value("{{ env_var('MISSING') if env_var('EMPTY') else 'dev' }}")).toEqual({
      kind: 'value',
      value: 'dev',
    });
  });

  test('fields of the target, once it is known', () => {
    expect(value('target/{{ target.name }}')).toEqual({ kind: 'unknown' });
    expect(value('target/{{ target.name }}', { target: { name: 'ci' } })).toEqual({
      kind: 'value',
      value: 'target/ci',
    });
    expect(value('{{ target.constructor }}', { target: { name: 'ci' } })).toEqual({ kind: 'unknown' });
  });

  test.each([
    '{% if true %}a{% endif %}',
    "{{ env_var('TARGET')[0] }}",
    "{{ env_var('TARGET') | title }}",
    '{{ target.name }}',
    "{{ env_var('TARGET'",
    '{{ 1.5 }}',
  ])('%s is left to dbt', (template) => {
    expect(value(template)).toEqual({ kind: 'unknown' });
  });

  test('a variable that cannot be told makes the value unknown', () => {
    expect(value("{{ env_var('TARGET', 'dev') }}", { variable: () => 'unknown' })).toEqual({
      kind: 'unknown',
    });
  });

  test('vars that could not be read make var() unknown', () => {
    expect(value("{{ var('env', 'dev') }}", { vars: undefined })).toEqual({ kind: 'unknown' });
  });
});
