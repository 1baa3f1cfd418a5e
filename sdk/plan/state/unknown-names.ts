import { nearest } from '../../util/nearest.ts';
import { type Found, variable } from './candidate.ts';
import { CATALOGUE, PLUGIN_PREFIXES, SWITCHES, WRITTEN_BY_PLUGIN } from './catalogue.ts';
import type { StateSettingsInput } from './input.ts';

const FIELDS = CATALOGUE.map(({ field }) => field);
const ELSEWHERE: ReadonlySet<string> = new Set([...SWITCHES, ...WRITTEN_BY_PLUGIN]);

/** Variables named like settings of dbt State that are none: misspelt, or of a release not known here. */
export function unknownNames({ env }: StateSettingsInput): Found[] {
  return Object.entries(env).flatMap(([name, value]): Found[] => {
    if (value === undefined || ELSEWHERE.has(name)) return [];
    const prefix = PLUGIN_PREFIXES.find((one) => name.startsWith(one));
    if (prefix === undefined) return [];
    const field = name.slice(prefix.length);
    if (FIELDS.includes(field)) return [];
    const meant = nearest(field, FIELDS);
    const hint = meant === undefined ? '' : ` Did you mean ${prefix}${meant}?`;
    const secret = /SECRET|TOKEN|PASSWORD|KEY/.test(field);
    return [
      {
        field,
        candidates: [variable(name, value, secret)],
        ignored: `No setting of dbt State is known by this name.${hint}`,
      },
    ];
  });
}
