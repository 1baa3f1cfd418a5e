import { lstat, realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { readYamlFile, valueAt } from '../plan/yaml-file.ts';
import { entriesIn, type LocalPackage, pinnedIn } from './package-files.ts';
import { askReceipt, type PackagesBasis } from './packages-receipt.ts';

/** Whether `dbt deps` would bring what is there already, and what speaks against it, as half a sentence. */
export type Agreement = { readonly kind: 'agrees' } | { readonly kind: 'unproven'; readonly why: string };

export interface AgreementInput extends PackagesBasis {
  readonly projectDir: string;
  readonly folder: string;
}

/**
 * Whether packages.yml (or dependencies.yml), package-lock.yml and the installed folder certainly agree: `dbt deps` of the
 * same dbt has filled the folder from files with the same text, no file has changed since, and the lock leaves nothing
 * open. A package's own `version` proves nothing, since many never change theirs. A local package is a link to the folder
 * that is named, whose files dbt reads as they are; where it was copied, nothing is proven.
 *
 * The receipt in the folder is no proof against someone who wants to deceive: who can write the folder can write that too.
 */
export async function packagesAgree(input: AgreementInput): Promise<Agreement> {
  const lock = input.files.at(-1);
  if (lock === undefined) return unproven('there is no package-lock.yml');
  if (input.dbtVersion === undefined) return unproven('the version of dbt is not known');
  if (input.files.some((text) => text !== undefined && entriesIn(text) === undefined))
    return unproven('only dbt can tell which packages the project names');
  const pinned = pinnedIn(lock);
  if (pinned.kind === 'not-pinned') return unproven(pinned.why);
  const told = await askReceipt(input.folder, input);
  if (told !== 'same') return unproven(WHY[told]);
  for (const local of pinned.locals)
    if (!(await isLinked(local, input))) return unproven(`${local.name} is no link to ${local.path}`);
  return { kind: 'agrees' };
}

const WHY = {
  'no-receipt': 'nothing tells by what they were installed',
  'other-basis':
    'packages.yml, package-lock.yml or the version of dbt is another than when they were installed',
  'other-files': 'their files were changed since they were installed',
} as const;

/** dbt names the folder after the package, which may have got another name since. */
async function isLinked(
  { name, path }: LocalPackage,
  { projectDir, folder }: AgreementInput,
): Promise<boolean> {
  const link = join(folder, name);
  try {
    if (!(await lstat(link)).isSymbolicLink()) return false;
    if ((await realpath(link)) !== (await realpath(resolve(projectDir, path)))) return false;
    const file = await readYamlFile(join(link, 'dbt_project.yml'), 'project-invalid');
    return file?.isDoubtful === false && valueAt(file.root, 'name') === name;
  } catch {
    return false;
  }
}

function unproven(why: string): Agreement {
  return { kind: 'unproven', why };
}
