import type { PassedOver } from '../managed-state/state-report.ts';
import type { EngineLine } from './kept-state.ts';

export interface Misfit {
  readonly because: Extract<PassedOver['because'], 'other-engine' | 'other-version' | 'other-adapter'>;
  /** What it is of, e.g. `dbt 1.11.16`. */
  readonly detail: string;
}

/** Why what one line left cannot be compared by the other; undefined where it can. An adapter that is not known fits any. */
export function misfitOf(left: EngineLine, now: EngineLine): Misfit | undefined {
  const dbt = `dbt ${left.dbtVersion}`;
  if (left.engine !== now.engine) return { because: 'other-engine', detail: dbt };
  if (versionLine(left) !== versionLine(now)) return { because: 'other-version', detail: dbt };
  const areKnown = left.adapterType !== undefined && now.adapterType !== undefined;
  if (!areKnown || left.adapterType === now.adapterType) return undefined;
  return { because: 'other-adapter', detail: `${dbt} with ${left.adapterType}` };
}

/** Whether what one leaves takes the place of what the other left at the same commit. */
export function isSameLine(a: EngineLine, b: EngineLine): boolean {
  return lineName(a) === lineName(b);
}

/** Orders the lines of one commit. */
export function lineName(line: EngineLine): string {
  return `${versionLine(line)} ${line.adapterType ?? ''}`;
}

/** Patches of dbt compare alike. Pre-releases of v2 promise nothing to each other. */
function versionLine({ engine, dbtVersion }: EngineLine): string {
  const [, majorMinor, rest = ''] = /^(\d+\.\d+)(.*)$/.exec(dbtVersion) ?? [];
  const isWhole = majorMinor === undefined || (engine === 'fusion' && /[a-z]/i.test(rest));
  return `${engine} ${isWhole ? asPythonWrites(dbtVersion) : majorMinor}`;
}

/** A package is known as `2.0.0rc196`, and calls itself `2.0.0-preview.196`. */
function asPythonWrites(version: string): string {
  return version
    .toLowerCase()
    .replace(/[-.]?(?:preview|rc)[-.]?(?=\d)/, 'rc')
    .replace(/[-.]?(?:alpha|a)[-.]?(?=\d)/, 'a')
    .replace(/[-.]?(?:beta|b)[-.]?(?=\d)/, 'b');
}
