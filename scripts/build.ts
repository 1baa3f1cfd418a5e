import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { build } from 'tsup';
import { actionBuild, cliBuild, sdkBuild } from '../tsup.config.ts';

/** `node scripts/build.ts [sdk] [action]`, both without an argument. Run from the repository's root. */
const wanted = process.argv.length > 2 ? process.argv.slice(2) : ['sdk', 'action'];

if (wanted.includes('sdk')) {
  await build(sdkBuild('dist/sdk'));
  await build(cliBuild('dist/sdk/cli'));
  const typescript = createRequire(import.meta.url).resolve('typescript/package.json');
  execFileSync(process.execPath, [join(dirname(typescript), 'bin/tsc'), '-p', 'tsconfig.build.json'], {
    stdio: 'inherit',
  });
}
if (wanted.includes('action')) await build(actionBuild('dist/action'));
