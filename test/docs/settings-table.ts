import type { Found } from '../../sdk/plan/state/candidate.ts';
import { CATALOGUE, type CatalogueEntry, type ValueKind } from '../../sdk/plan/state/catalogue.ts';
import { fusionFields } from '../../sdk/plan/state/fusion-settings.ts';
import type { StateSettingsInput } from '../../sdk/plan/state/input.ts';
import { pluginFields } from '../../sdk/plan/state/plugin-settings.ts';
import { readForPlugin } from '../../sdk/plan/state/values.ts';

/** Every key of YAML that has a name of its own beside `run_cache_<name>` and `<name>`. */
const KEYS: Pick<StateSettingsInput, 'target' | 'dbtCloud' | 'cloudFile' | 'env' | 'args' | 'command'> = {
  target: { type: 'snowflake', defer_to_target: 'x', metadata_warehouse: 'x', allow_clones: true },
  dbtCloud: { 'state-org-id': 'x', 'project-id': 'x' },
  cloudFile: { state: { 'client-id': 'x', 'client-secret': 'x' } },
  env: {},
  args: ['build'],
  command: 'build',
};

const OF_PLUGIN = keysByField(pluginFields({ ...KEYS, engine: { kind: 'core' } }));
const OF_FUSION = keysByField(fusionFields({ ...KEYS, engine: { kind: 'fusion' } }));

function keysByField(
  fields: readonly { readonly entry: CatalogueEntry; readonly found: readonly Found[] }[],
): ReadonlyMap<string, readonly string[]> {
  return new Map(
    fields.map(({ entry, found }) => [
      entry.field,
      found.flatMap(({ candidates, ignored }) =>
        ignored === undefined ? candidates.map(({ source }) => source.name) : [],
      ),
    ]),
  );
}

/** The catalogue as a table: every setting, what it takes, and what reads it from where. */
export function settingsTable(): string {
  return [
    '| Name | Value | Plugin of dbt Core | dbt v2 |',
    '|---|---|---|---|',
    ...CATALOGUE.map(
      (entry) =>
        `| ${code(entry.field)} | ${formOf(entry.kind)}${entry.secret ? '; secret' : ''} | ${pluginCell(entry)} | ${fusionCell(entry)} |`,
    ),
    '',
  ].join('\n');
}

function pluginCell({ field, plugin, pluginLacks, pluginDropped }: CatalogueEntry): string {
  if (plugin === undefined) return '–';
  const name = field.toLowerCase();
  const own = (OF_PLUGIN.get(field) ?? []).filter((key) => !key.endsWith(`: ${name}`));
  return [
    plugin === 'everywhere' ? ['variable, YAML', ...own.map(code)].join(', ') : 'variable',
    ...(pluginLacks === undefined ? [] : [`not in ${pluginLacks}`]),
    ...(pluginDropped === undefined ? [] : [`gone in ${pluginDropped}`]),
  ].join('; ');
}

function fusionCell({ field, fusion = [], fusionLacks }: CatalogueEntry): string {
  const yaml = OF_FUSION.get(field) ?? [];
  const names = field === 'DEFER_TO' ? [...yaml, ...fusion] : [...fusion, ...yaml];
  if (names.length === 0) return '–';
  return names.map(code).join(', ') + (fusionLacks === undefined ? '' : `; not in preview ${fusionLacks}`);
}

/** As the errors about it have it. */
function formOf(kind: ValueKind): string {
  const read = readForPlugin(kind, 'banana');
  return 'validForms' in read ? read.validForms : 'any text';
}

function code(name: string): string {
  return `\`${name}\``;
}
