import { nearest } from '../../util/nearest.ts';
import { type Found, variable } from './candidate.ts';
import { CATALOGUE, PLUGIN_PREFIXES, SWITCHES, WRITTEN_BY_PLUGIN } from './catalogue.ts';
import type { StateSettingsInput } from './input.ts';

const FIELDS = CATALOGUE.map(({ field }) => field);
const ELSEWHERE: ReadonlySet<string> = new Set([...SWITCHES, ...WRITTEN_BY_PLUGIN]);

/** What a variable's name looks like that is named like a setting of dbt State and is none; undefined for all others. */
export function unknownName(
  name: string,
): { readonly field: string; readonly meant: string | undefined } | undefined {
  if (ELSEWHERE.has(name)) return undefined;
  const prefix = PLUGIN_PREFIXES.find((one) => name.startsWith(one));
  if (prefix === undefined) return undefined;
  const field = name.slice(prefix.length);
  if (FIELDS.includes(field)) return undefined;
  const meant = nearest(field, FIELDS);
  return { field, meant: meant === undefined ? undefined : `${prefix}${meant}` };
}

/** Variables named like settings of dbt State that are none: misspelt, or of a release not known here. */
export function unknownNames({ env }: StateSettingsInput): Found[] {
  return Object.entries(env).flatMap(([name, value]): Found[] => {
    const unknown = value === undefined ? undefined : unknownName(name);
    if (value === undefined || unknown === undefined) return [];
    const hint = unknown.meant === undefined ? '' : ` Did you mean ${unknown.meant}?`;
    return [
      {
        field: unknown.field,
        // Nobody knows what it holds, so nobody knows that it is no secret.
        candidates: [variable(name, value, true)],
        ignored: `No setting of dbt State is known by this name.${hint}`,
      },
    ];
  });
}
