import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { enginePart } from '../../../../sdk/plan/fingerprint/engine-parts.ts';
import { itemsOf, type ProjectFolder, projectFolder } from '../../../support/fingerprint-input.ts';

let root = '';
let project: ProjectFolder;
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'editable-')));
  project = await projectFolder();
  await put('site/postgres-1.dist-info/METADATA', '');
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
  await project.remove();
});

async function put(name: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, name)), { recursive: true });
  await writeFile(join(root, name), text);
}

const engine = async () => enginePart(await project.input({ more: { sitePackages: join(root, 'site') } }));

const editable = (folder: string, isEditable = true): string =>
  JSON.stringify({ url: pathToFileURL(folder).href, dir_info: isEditable ? { editable: true } : {} });

test.each([
  ['direct_url.json', 'site/mine-1.0.dist-info/direct_url.json', () => editable(join(root, 'mine'))],
  ['a .pth file', 'site/__editable__.mine-1.0.pth', () => `# mine\nimport x\n${join(root, 'mine')}\n`],
  ['a .pth file with a relative path', 'site/mine.pth', () => '../mine\n'],
])('what an editable install by %s leads to counts', async (_, name, text) => {
  await put('mine/src/mine/a.py', '1');
  await put('mine/src/dbt/include/mine/macros/m.sql', '1');
  const bare = await engine();
  await put(name, text());
  const before = itemsOf(await engine());
  expect(before).not.toEqual(itemsOf(bare));
  for (const file of [
    'mine/src/mine/a.py',
    'mine/src/mine/new.py',
    'mine/src/dbt/include/mine/macros/m.sql',
  ]) {
    const last = itemsOf(await engine());
    await put(file, 'other');
    expect(itemsOf(await engine()), file).not.toEqual(last);
  }
  const last = itemsOf(await engine());
  for (const file of [
    'mine/README.md',
    'mine/target/run/m.sql',
    'mine/src/mine/__pycache__/a.py',
    'mine/.git/x.py',
  ])
    await put(file, 'x');
  expect(itemsOf(await engine())).toEqual(last);
});

test('what dbt writes into a project that is installed itself does not count', async () => {
  await put('site/shop-1.0.dist-info/direct_url.json', editable(project.root));
  const before = itemsOf(await engine());
  await project.put('target/run/shop/models/p.py', '1');
  expect(itemsOf(await engine())).toEqual(before);
  await project.put('shop/a.py', '1');
  expect(itemsOf(await engine())).not.toEqual(before);
});

test('a package installed from a folder for good counts by its version alone', async () => {
  await put('mine/a.py', '1');
  await put('site/mine-1.0.dist-info/direct_url.json', editable(join(root, 'mine'), false));
  await put('site/inside.pth', 'lib\n');
  await put('site/lib/a.py', '1');
  expect(Object.keys(itemsOf(await engine())).filter((name) => name.startsWith('package in'))).toEqual([]);
});

test.each([
  ['site/__editable___mine_finder.py', 'MAPPING = {}'],
  ['site/mine-1.0.dist-info/direct_url.json', '{'],
  ['site/mine-1.0.dist-info/direct_url.json', editable('/nowhere/at/all')],
])('what cannot be followed makes the engine unknown (%s)', async (name, text) => {
  await put(name, text);
  expect(await engine()).toMatchObject({
    kind: 'unknown',
    why: expect.stringContaining('installed from a folder'),
  });
});

test('PYTHONPATH counts, whatever the adapter', async () => {
  const engineWith = async (PYTHONPATH: string) =>
    itemsOf(await enginePart(await project.input({ env: { PYTHONPATH } })));
  expect(await engineWith('/a')).not.toEqual(await engineWith('/b'));
  expect(await engineWith('')).toEqual(itemsOf(await enginePart(await project.input())));
});
