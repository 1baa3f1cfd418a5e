import { execFile } from 'node:child_process';
import { access, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { withFileLock } from './file-lock.ts';
import { CACHE } from './repository.ts';

const execFileAsync = promisify(execFile);

/** A program written in Go, by its import path, at exactly one version. */
export interface GoProgram {
  readonly path: string;
  readonly version: string;
}

/**
 * The path of the program, built at the first call and kept in the cache. Takes minutes then.
 * @throws Error of one line when there is no Go, or with the compiler's last words.
 */
export async function goProgram(
  { path, version }: GoProgram,
  report: (line: string) => void = () => undefined,
): Promise<string> {
  const name = basename(path);
  const dir = join(CACHE, 'servers', `${name}-${version}-${process.platform}-${process.arch}`);
  const program = join(dir, name);
  if (await isThere(program)) return program;
  await withFileLock(`${dir}.lock`, async () => {
    if (await isThere(program)) return;
    report(`Building ${name} ${version} with Go, which takes some minutes`);
    const building = `${dir}.building`;
    await rm(building, { recursive: true, force: true });
    await execFileAsync('go', ['install', `${path}@${version}`], {
      env: { ...process.env, GOBIN: building, CGO_ENABLED: '0' },
      maxBuffer: 1 << 26,
    }).catch(explain);
    await rename(building, dir);
  });
  return program;
}

function explain(error: NodeJS.ErrnoException & { readonly stderr?: string }): never {
  if (error.code === 'ENOENT') throw new Error('Go is missing: apt-get install golang-go (1.25 or later)');
  throw new Error(`Go could not build it: ${error.stderr?.trim().split('\n').slice(-3).join(' | ')}`);
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
