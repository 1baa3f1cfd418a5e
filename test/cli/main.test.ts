import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { REPOSITORY } from '../support/repository.ts';

const MAIN = join(REPOSITORY, 'dist/sdk/cli/main.js');

/** Starts the command line under this Node, which says it is another one. */
function asNode(version: string) {
  const versions = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })`;
  const preload = `data:text/javascript,${encodeURIComponent(versions)}`;
  return spawnSync(process.execPath, ['--import', preload, MAIN, '--version'], { encoding: 'utf8' });
}

describe('the entry file', () => {
  test.each(['18.20.0', '20.20.2', '22.19.9'])(
    'on Node %s it says what is needed, in one line',
    (version) => {
      const { status, stdout, stderr } = asNode(version);
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
      expect(stderr).toMatch(
        new RegExp(`^dbt-runcache needs Node.js 22.20 or later; this is ${version} .*\\n$`),
      );
    },
  );

  test.each(['22.20.0', '23.0.0', '24.21.0'])('on Node %s it starts', (version) => {
    expect(asNode(version)).toMatchObject({ status: 0, stderr: '' });
  });

  test('loads everything else later, so that an old Node can read it', () => {
    const source = readFileSync(MAIN, 'utf8');
    expect(source.startsWith('#!/usr/bin/env node\n')).toBe(true);
    expect(source).not.toMatch(/^\s*import\s*[\w{*"'](?!.*\bfrom'module';)|\bawait\b|\?\?|\?\./m);
    expect(source).toContain('import(');
  });

  test('needs what package.json says', () => {
    const { engines } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8'));
    expect(engines.node).toBe('>=22.20');
  });
});
