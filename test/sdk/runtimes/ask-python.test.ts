import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { askPython } from '../../../sdk/runtimes/ask-python.ts';
import { askProgram } from '../../../sdk/runtimes/process.ts';
import { findPython } from '../../support/find-python.ts';

let root: string;
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'ask-python-')));
});
afterEach(() => rm(root, { recursive: true, force: true }));

describe('a real Python, asked about its packages', () => {
  const asker = (timeoutMs = 30_000) => ({
    run: askProgram,
    // PYTHONPATH stands in for an environment: what is there is installed as far as Python can tell.
    env: { PATH: process.env['PATH'] ?? '', PYTHONPATH: join(root, 'site-packages') },
    cwd: root,
    timeoutMs,
  });

  test('names, versions and folders; no module of the working folder is taken for its own', async () => {
    for (const [name, version] of [
      ['dbt-core', '1.11.16'],
      ['dbt_state', '2.62.3'],
      ['requests', '2.0.0'],
    ]) {
      const folder = join(root, 'site-packages', `${name?.replace('-', '_')}-${version}.dist-info`);
      await mkdir(folder, { recursive: true });
      await writeFile(
        join(folder, 'METADATA'),
        `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`,
      );
    }
    await writeFile(join(root, 'json.py'), 'raise SystemExit("imported the wrong json")\n');
    const answer = await askPython((await findPython(process.env, false)).command, asker());
    expect(answer?.pythonVersion).toMatch(/^3\.\d+\.\d+/);
    expect(answer?.sitePackages).toContain(join(root, 'site-packages'));
    const names = [...(answer?.distributions.keys() ?? [])];
    expect(names).toEqual(expect.arrayContaining(['dbt-core', 'dbt-state']));
    expect(names).not.toContain('requests');
    expect(answer?.distributions.get('dbt-core')?.version).toBe('1.11.16');
  });

  test('an answer that takes too long is none', async () => {
    const began = performance.now();
    const answer = await askPython(
      [...(await findPython(process.env, false)).command, '-c', 'import time; time.sleep(60)'],
      asker(300),
    );
    expect(answer).toBeUndefined();
    expect(performance.now() - began).toBeLessThan(20_000);
  });

  test('no such program', async () => {
    expect(await askPython([join(root, 'none')], asker())).toBeUndefined();
  });
});
