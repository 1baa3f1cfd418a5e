import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { DBT_ALIASES, DBT_YAML, isMap, valueAt } from '../yaml-file.ts';

/** The selector that dbt takes where nothing is selected. */
export type DefaultSelector =
  | { readonly kind: 'none' }
  | { readonly kind: 'named'; readonly name: string }
  /** There may be one, and only dbt can tell. */
  | { readonly kind: 'uncertain'; readonly why: string };

/** What `selectors.yml` of the project says with `default: true`. Jinja is not worked out here, and dbt does so. */
export async function defaultSelectorOf(projectDir: string): Promise<DefaultSelector> {
  let text: string;
  try {
    text = await readFile(join(projectDir, 'selectors.yml'), 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ENOTDIR'
      ? { kind: 'none' }
      : uncertain(`selectors.yml cannot be read (${code ?? 'unknown reason'})`);
  }
  try {
    const document = parseDocument(text, DBT_YAML);
    if (document.errors.length > 0) return uncertain('selectors.yml is not valid YAML');
    return defaultIn(document.toJS(DBT_ALIASES));
  } catch {
    return uncertain('selectors.yml is not valid YAML');
  }
}

function defaultIn(root: unknown): DefaultSelector {
  // To dbt an empty file is one without selectors; what is no list, it refuses by itself.
  const selectors = isMap(root) ? valueAt(root, 'selectors') : undefined;
  if (!Array.isArray(selectors)) return { kind: 'none' };
  const maps: readonly unknown[] = selectors;
  for (const selector of maps.filter(isMap)) {
    const [isDefault, name] = [valueAt(selector, 'default'), valueAt(selector, 'name')];
    if (isDefault === undefined || isDefault === null || isDefault === false) continue;
    if (isDefault !== true)
      return uncertain('"default" of a selector in selectors.yml is neither true nor false');
    return typeof name === 'string' && !name.includes('{{')
      ? { kind: 'named', name }
      : uncertain('the name of the default selector in selectors.yml is not plain text');
  }
  return { kind: 'none' };
}

function uncertain(why: string): DefaultSelector {
  return { kind: 'uncertain', why };
}
