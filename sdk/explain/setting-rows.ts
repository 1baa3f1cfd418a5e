import type { RunReport } from '../result.ts';
import type { SettingRow } from './explanation.ts';

type StateSetting = NonNullable<RunReport['stateSettings']>[number];

/** The settings of dbt State as a reader takes them in, in the order they were found. */
export function settingRows({ stateSettings = [] }: RunReport): SettingRow[] {
  return stateSettings.map((setting) => ({
    setting: setting.field,
    value: inWords(setting.value),
    from: setting.source.name,
    overrides: setting.overrides.map(({ value, source }) => `${source.name} (${inWords(value)})`),
    remark: remarkOf(setting),
  }));
}

function inWords(value: string): string {
  return value === '' ? 'empty' : value;
}

function remarkOf({ ignored, note }: StateSetting): string {
  const why = ignored === undefined ? [] : [`Has no effect: ${ignored}`];
  return [...why, ...(note === undefined ? [] : [note])].join(' ');
}
