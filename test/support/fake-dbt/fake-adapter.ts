import { globSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FakeDbt } from './fake-dbt.ts';

/** Gives the stand-in an adapter with a version, as a key that is derived needs it. */
export function addFakeAdapter({ venv }: Pick<FakeDbt, 'venv'>, type = 'postgres'): void {
  for (const packages of globSync('lib/*/site-packages', { cwd: venv })) {
    const folder = join(venv, packages, 'dbt', 'adapters', type);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, '__version__.py'), 'version = "1.11.0"\n');
  }
}
