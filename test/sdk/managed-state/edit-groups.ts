import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Change, Edit } from './edit.ts';

/**
 * As many edits in one project as do not stand in each other's way, and those that stand alone: the same differences in a
 * fraction of the projects, since each costs a start of dbt.
 */
export async function editedTogether(project: string, edits: readonly Edit[]): Promise<readonly Edit[]> {
  const groups: { readonly edits: Edit[]; readonly texts: Map<string, string> }[] = [];
  for (const edit of edits.filter((each) => each.changes.length > 0 && each.alone !== true)) {
    let done = false;
    for (const group of groups) {
      done = await joins(project, edit, group.texts);
      if (!done) continue;
      group.edits.push(edit);
      break;
    }
    if (done) continue;
    const texts = new Map<string, string>();
    await joins(project, edit, texts);
    groups.push({ edits: [edit], texts });
  }
  const alone = edits.filter((each) => each.changes.length === 0 || each.alone === true);
  const together = groups.map(({ edits: members }) => ({
    name: members.map(({ name }) => name).join(' + '),
    changes: members.flatMap(({ changes }) => changes),
  }));
  return [...together, ...alone];
}

/** Whether the edit finds its places in the texts as the group has made them; if so it is done to them. */
async function joins(project: string, { changes }: Edit, texts: Map<string, string>): Promise<boolean> {
  const after = new Map(texts);
  for (const change of changes) {
    const text =
      after.get(change.file) ?? (await readFile(join(project, change.file), 'utf8').catch(() => ''));
    const result = changed(text, change, after.has(change.file));
    if (result === undefined || !isWholeYaml(change.file, result)) return false;
    after.set(change.file, result);
    if ('moveTo' in change) after.set(change.moveTo, text);
  }
  for (const [file, text] of after) texts.set(file, text);
  return true;
}

function changed(text: string, change: Change, touched: boolean): string | undefined {
  if ('replace' in change) {
    const [from, to] = change.replace;
    return text.split(from).length === 2 ? text.replace(from, () => to) : undefined;
  }
  if (touched) return undefined;
  return 'append' in change ? text + change.append : '';
}

/** Two edits may write the same key at the same place. */
function isWholeYaml(file: string, text: string): boolean {
  if (!file.endsWith('.yml')) return true;
  try {
    parse(text);
    return true;
  } catch {
    return false;
  }
}
