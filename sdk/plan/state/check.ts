import { DbtRunCacheError } from '../../errors.ts';
import type { SettingDoubt, SettingProblem, StateSettings } from './setting.ts';

/** @throws DbtRunCacheError `state-setting-invalid`, naming every value the engine would end with an error for. */
export function checkStateSettings({ problems }: StateSettings): void {
  if (problems.length === 0) return;
  throw new DbtRunCacheError(problems.map(problemInWords).join('; '), {
    code: 'state-setting-invalid',
    hint: 'Correct it or take it away: dbt itself would end with an error.',
  });
}

/** E.g. `RUN_CACHE_FRESHNESS_TOLERANCE is "banana"; valid: seconds (2700) or a duration such as 45m`. */
export function problemInWords({ source, value, validForms }: SettingProblem): string {
  const isFile = source.kind === 'credentials-file' && value === '';
  return isFile
    ? `${source.name} cannot be read; valid: ${validForms}`
    : `${source.name} is ${JSON.stringify(cut(value))}; valid: ${validForms}`;
}

export function doubtInWords(doubt: SettingDoubt): string {
  return `${problemInWords(doubt)}. dbt takes it for ${doubt.takenAs}.`;
}

function cut(value: string): string {
  return value.length > 80 ? `${value.slice(0, 80)}…` : value;
}
