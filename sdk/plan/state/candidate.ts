import { isUnrendered } from './input.ts';
import type { SettingSource, StateSetting } from './setting.ts';
import { shownAddress } from './shown-address.ts';

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

/** As a person may see it: a secret is `set`, an address without its password and without the values of its query. */
export function shown({ source, raw, secret }: Candidate): string {
  if (secret) return raw === '' || raw === null ? '' : 'set';
  const text = isUnrendered(raw)
    ? raw.jinja
    : typeof raw === 'string'
      ? raw
      : (JSON.stringify(raw) ?? String(raw));
  return shownAddress(text, /_url$/i.test(source.name));
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
