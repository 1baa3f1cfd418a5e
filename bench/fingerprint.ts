/**
 * How long the files of a project of 5,000 files take to become parts of a key: without a repository, where every file
 * is read, and with git's index. Beside each what no way of doing it can do without: a plain loop that reads and
 * digests every file, and git's own list and status. Turn by turn; fails when the median is over a limit.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { codeParts } from '../sdk/plan/fingerprint/code.ts';
import { codeInput } from '../test/support/code-input.ts';
import { median, table } from './measure.ts';

const FILES = 5_000;
const ROUNDS = 9;
const AT_ONCE = 64;
/** Times are goals with room for a slow machine; a ratio does not depend on the machine. */
const LIMITS = { cold: { ms: 1_000, ratio: 2.5 }, index: { ms: 200, ratio: 8 } };

let state = 1;
/** mulberry32: the same files each time. */
function random(): number {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = state;
  t = Math.imul(t ^ (t >>> 15), t | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}

/** A model with the columns of about 1.5 KB; one in a hundred reads a variable. */
function model(i: number): string {
  const columns = Array.from(
    { length: 20 + Math.floor(random() * 40) },
    (_, n) => `    col_${n}_${Math.floor(random() * 1e9)} as c${n},`,
  );
  const where = i % 100 === 5 ? `where region = '{{ env_var("REGION", "eu") }}'\n` : '';
  return `{{ config(materialized='table') }}\n\nselect\n${columns.join('\n')}\n    1 as one\nfrom {{ ref('m${i >> 1}') }}\n${where}`;
}

async function writeProject(dir: string): Promise<void> {
  await writeFile(join(dir, 'dbt_project.yml'), 'name: large\nprofile: large\n');
  await writeFile(
    join(dir, 'profiles.yml'),
    "large:\n  outputs:\n    dev: {type: duckdb, path: \"{{ env_var('DB', 'x.duckdb') }}\"}\n  target: dev\n",
  );
  for (let i = 0; i < FILES; i += 1) {
    const folder = join(dir, 'models', `area_${i % 40}`, `part_${i % 7}`);
    await mkdir(folder, { recursive: true });
    const isYaml = i % 10 === 0;
    const text = isYaml
      ? `version: 2\nmodels:\n  - name: m${i}\n    description: ${'text '.repeat(250)}\n`
      : model(i);
    await writeFile(join(folder, `m${i}.${isYaml ? 'yml' : 'sql'}`), text);
  }
}

async function readAndDigest(dir: string): Promise<void> {
  const children = await readdir(dir, { recursive: true, withFileTypes: true });
  const queue = children.filter((child) => child.isFile()).values();
  const work = async (): Promise<void> => {
    for (const { parentPath, name } of queue)
      createHash('sha1')
        .update(await readFile(join(parentPath, name)))
        .digest('hex');
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

const ms = async (work: () => unknown): Promise<number> => {
  const began = performance.now();
  await work();
  return performance.now() - began;
};

const folder = await mkdtemp(join(tmpdir(), 'dbt-runcache-bench-'));
try {
  const dir = join(folder, 'project');
  await mkdir(dir);
  await writeProject(dir);
  const env = { PATH: process.env['PATH'] ?? '', HOME: folder };
  const git = (...args: readonly string[]): Buffer =>
    execFileSync('git', ['-C', dir, '-c', 'user.name=x', '-c', 'user.email=x@y', ...args], {
      env,
      maxBuffer: 1 << 28,
    });
  const ours = async (): Promise<void> => {
    const parts = await codeParts(codeInput(dir, { env, profilesDir: dir }));
    for (const [name, part] of Object.entries(parts))
      if (part.kind !== 'known') throw new Error(`${name} is not known: ${part.why}`);
    const { code, env: variables } = parts;
    if (code.kind !== 'known' || Object.keys(code.items).length !== FILES + 2)
      throw new Error(`${dirname(dir)}: files are missing`);
    if (variables.kind !== 'known' || Object.keys(variables.items).join() !== 'DB,REGION')
      throw new Error('variables are missing');
  };

  const series = async (peer: () => unknown): Promise<{ peer: number; ours: number }> => {
    const peers: number[] = [];
    const times: number[] = [];
    // One round to warm up, whose times do not count.
    for (let round = -1; round < ROUNDS; round += 1) {
      const turns = round % 2 === 0 ? (['peer', 'ours'] as const) : (['ours', 'peer'] as const);
      for (const turn of turns) {
        const time = await ms(turn === 'peer' ? peer : ours);
        if (round >= 0) (turn === 'peer' ? peers : times).push(time);
      }
    }
    return { peer: median(peers), ours: median(times) };
  };

  const first = await ms(ours);
  const cold = await series(() => readAndDigest(dir));
  git('init', '-q');
  git('add', '-A');
  git('commit', '-qm', 'all');
  git('status', '--porcelain');
  const index = await series(() => {
    git('ls-files', '-s');
    git('status', '--porcelain');
  });

  const rows = [
    { name: 'cold, beside reading and digesting', ...cold, limit: LIMITS.cold },
    { name: "git's index, beside git ls-files and git status", ...index, limit: LIMITS.index },
  ];
  console.log(
    `${FILES} files; median of ${ROUNDS} rounds; the very first took ${first.toFixed(0)} ms; Node ${process.version}\n`,
  );
  console.log(
    table([
      ['', 'peer', 'fingerprint', 'limit', 'ratio', 'limit'],
      ...rows.map(({ name, peer, ours: own, limit }) => [
        name,
        `${peer.toFixed(0)} ms`,
        `${own.toFixed(0)} ms`,
        `${limit.ms} ms`,
        (own / peer).toFixed(2),
        limit.ratio.toFixed(2),
      ]),
    ]),
  );
  const passed = rows.every(({ peer, ours: own, limit }) => own <= limit.ms && own / peer <= limit.ratio);
  console.log(passed ? '\nwithin the limits' : '\nOVER A LIMIT');
  process.exitCode = passed ? 0 : 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
