import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { scanTemplate } from '../../plan/fingerprint/jinja-scan.ts';
import { namesSecret, slowHash } from '../../plan/fingerprint/slow-hash.ts';
import type { Project } from '../../plan/project.ts';
import { isMap, readYamlFile, valueAt } from '../../plan/yaml-file.ts';

/**
 * The variables that `dbt_project.yml` sets, and those of installed packages: by name what is written for it, wherever. A value
 * that reads the environment has the values of those variables with it.
 */
export async function projectVariables(
  project: Project,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Readonly<Record<string, string>>> {
  const root = (await readYamlFile(project.path, 'project-invalid'))?.root ?? {};
  const written = new Map<string, unknown[]>();
  const add = (name: string, at: string, value: unknown) => {
    written.set(name, [...(written.get(name) ?? []), [at, value]]);
  };
  addAll(root, '', add);
  const installed = valueAt(root, 'packages-install-path');
  const folder = resolve(project.dir, typeof installed === 'string' ? installed : 'dbt_packages');
  for (const name of (await readdir(folder).catch((): string[] => [])).sort()) {
    const file = await readYamlFile(join(folder, name, 'dbt_project.yml'), 'project-invalid').catch(
      () => undefined,
    );
    if (file !== undefined) addAll(file.root, name, add);
  }
  // dbt Core 1.12 and later: a file beside dbt_project.yml that holds nothing else.
  const alone = await readYamlFile(join(project.dir, 'vars.yml'), 'project-invalid').catch(() => undefined);
  if (alone !== undefined) addAll(alone.root, 'vars.yml', add);
  const hidden = [...written].map(async ([name, values]) => [name, await shown(name, values, env)] as const);
  return Object.fromEntries(await Promise.all(hidden));
}

type Add = (name: string, at: string, value: unknown) => void;

/** A map may be the value of a variable, or the variables of a package: it counts as both. */
function addAll(root: Readonly<Record<string, unknown>>, at: string, add: Add): void {
  const vars = valueAt(root, 'vars');
  if (!isMap(vars)) return;
  for (const [name, value] of Object.entries(vars)) {
    add(name, at, value);
    if (isMap(value)) for (const [inner, each] of Object.entries(value)) add(inner, `${at}.${name}`, each);
  }
}

async function shown(
  name: string,
  values: readonly unknown[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const text = JSON.stringify(values);
  const read = text.includes('env_var') ? [...scanTemplate(text.replaceAll('\\"', '"'), 'string').names] : [];
  const whole = JSON.stringify([text, ...read.sort().map((each) => [each, env[each] ?? null])]);
  return namesSecret(name) ? `(secret) ${await slowHash(`vars ${name}`, whole)}` : whole;
}
