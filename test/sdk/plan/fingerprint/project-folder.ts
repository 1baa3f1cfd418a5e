import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { PartInput } from '../../../../sdk/dedup/key.ts';
import { parseCommandLine } from '../../../../sdk/plan/command-line.ts';
import { type CodeParts, codeParts } from '../../../../sdk/plan/fingerprint/code.ts';
import type { CodeInput } from '../../../../sdk/plan/fingerprint/list-sources.ts';
import { codeInput } from '../../../support/code-input.ts';

/** A real project in a folder of its own, with room beside it. */
export interface ProjectFolder {
  /** The project lies in `project` below it. */
  readonly root: string;
  readonly dir: string;
  write(name: string, content: string | Buffer): Promise<void>;
  remove(name: string): Promise<void>;
  /** Everything in git, and long enough ago for its index to be believed. */
  commitAll(): Promise<void>;
  /** Git in the project folder. */
  git(...args: readonly string[]): void;
  parts(more?: PartsOptions): Promise<CodeParts>;
}

export interface PartsOptions extends Partial<Omit<CodeInput, 'dotEnv' | 'project'>> {
  readonly vars?: Readonly<Record<string, string>>;
  readonly uncertain?: readonly string[];
  readonly targetPath?: string;
}

export const GIT_ENV = { PATH: process.env['PATH'] ?? '', HOME: '/nowhere' };

export async function projectFolder(at = 'project'): Promise<ProjectFolder> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'code-parts-')));
  const dir = join(root, at);
  const write = async (name: string, content: string | Buffer): Promise<void> => {
    await mkdir(dirname(join(dir, name)), { recursive: true });
    await writeFile(join(dir, name), content);
  };
  await write('dbt_project.yml', 'name: shop\nprofile: shop\n');
  await write('models/a.sql', 'select 1\n');
  await writeFile(join(root, 'profiles.yml'), 'shop: {target: dev, outputs: {dev: {type: duckdb}}}\n');
  const git: ProjectFolder['git'] = (...args) =>
    void execFileSync(
      'git',
      ['-c', 'user.name=x', '-c', 'user.email=x@y', '-c', 'protocol.file.allow=always', ...args],
      { cwd: dir, env: GIT_ENV, stdio: ['ignore', 'ignore', 'pipe'] },
    );
  return {
    root,
    dir,
    write,
    git,
    commitAll: async () => {
      git('init', '-q');
      git('add', '-A');
      git('commit', '-qm', 'all');
      const later = Date.now() / 1000 + 10;
      await utimes(join(dir, '.git', 'index'), later, later);
    },
    remove: (name) => rm(join(dir, name), { recursive: true }),
    parts: ({ vars = {}, uncertain = [], targetPath = 'target', ...more } = {}) =>
      codeParts({
        ...codeInput(dir, { env: GIT_ENV, profilesDir: root, targetPath }),
        commandLine: parseCommandLine(more.args ?? ['build']),
        dotEnv: { env: vars, uncertain: new Set(uncertain) },
        ...more,
      }),
  };
}

/** Fails for a part that is not known, with its reason. */
export function itemsOf(part: PartInput): Readonly<Record<string, string>> {
  if (part.kind === 'unknown') throw new Error(`not known: ${part.why}`);
  return part.items;
}

export function namesOf(part: PartInput): readonly string[] {
  return Object.keys(itemsOf(part)).sort();
}

export function whyOf(part: PartInput): string {
  if (part.kind === 'known') throw new Error(`known: ${Object.keys(part.items).join(', ')}`);
  return part.why;
}
