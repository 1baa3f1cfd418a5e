import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { build } from 'tsup';
import { actionBuild } from '../tsup.config.ts';

/** Builds the Action again and compares it with dist/action, byte by byte. Ends with 1 when they differ. */
const COMMITTED = 'dist/action';
const fresh = mkdtempSync(join(tmpdir(), 'dist-check-'));
try {
  await build(actionBuild(fresh));
  const paths = [...new Set([...filesIn(COMMITTED), ...filesIn(fresh)])].sort();
  const differing = paths.flatMap((path) => {
    const [before, after] = [read(join(COMMITTED, path)), read(join(fresh, path))];
    if (before === undefined) return [`missing  ${path}`];
    if (after === undefined) return [`left over  ${path}`];
    return before.equals(after) ? [] : [`differs  ${path}`];
  });
  if (differing.length > 0) {
    console.error(`${COMMITTED} is not what its sources give. Run \`npm run build:action\` and commit it.`);
    for (const line of differing) console.error(`  ${line}`);
    process.exitCode = 1;
  } else {
    console.log(`${COMMITTED}: ${paths.length} files, the same as a fresh build.`);
  }
} finally {
  rmSync(fresh, { recursive: true, force: true });
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
  } catch {
    return [];
  }
}

function read(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}
