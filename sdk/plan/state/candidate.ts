import { isUnrendered } from './input.ts';
import type { SettingSource, StateSetting } from './setting.ts';

/** A value of a setting in one of the places it can stand in. */
export interface Candidate {
  readonly source: SettingSource;
  readonly raw: unknown;
  readonly secret: boolean;
}

/** A setting as found, strongest candidate first. */
export interface Found {
  readonly field: string;
  readonly candidates: readonly Candidate[];
  /** Why the strongest does nothing. */
  readonly ignored?: string | undefined;
}

export function variable(name: string, raw: string, secret = false): Candidate {
  return { source: { kind: 'environment', name }, raw, secret: secret || name.startsWith('DBT_ENV_SECRET_') };
}

/** As a person may see it: a secret is `set`, an address without its password. */
export function shown({ raw, secret }: Candidate): string {
  if (secret) return raw === '' || raw === null ? '' : 'set';
  if (isUnrendered(raw)) return raw.jinja;
  if (typeof raw !== 'string') return JSON.stringify(raw) ?? String(raw);
  return raw.replace(/(\/\/)[^\s/@]+@/g, '$1***@').replace(/^[^\s/@:]+:[^\s/@]+@/, '***@');
}

export function asSetting({ field, candidates, ignored }: Found, whyNothing?: string): StateSetting[] {
  const [winner, ...rest] = candidates;
  if (winner === undefined) return [];
  const why = ignored ?? whyNothing;
  return [
    {
      field,
      value: shown(winner),
      source: winner.source,
      overrides: rest.map((candidate) => ({ value: shown(candidate), source: candidate.source })),
      ...(why === undefined ? {} : { ignored: why }),
    },
  ];
}
