import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { REPOSITORY } from '../support/repository.ts';

interface Lock {
  readonly packages: Readonly<Record<string, { readonly optionalDependencies?: Record<string, string> }>>;
}

test('the lock has the packages of every platform, without which npm ci refuses it', async () => {
  const { packages } = JSON.parse(await readFile(join(REPOSITORY, 'package-lock.json'), 'utf8')) as Lock;
  const optional = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).map((name) => ({ path, name })),
  );
  expect(optional.length).toBeGreaterThan(50);
  const missing = optional.filter(
    ({ path, name }) =>
      !(`${path}/node_modules/${name}` in packages) && !(`node_modules/${name}` in packages),
  );
  expect(missing, 'complete it with: node scripts/complete-lock.ts').toEqual([]);
});
