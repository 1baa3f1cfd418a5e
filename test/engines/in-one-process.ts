import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Engine, environmentOf } from '../support/engine.ts';
import { runBare } from './library.ts';

/** What one invocation of dbt came to. */
export interface Invoked {
  readonly isSuccess: boolean;
  /** What `dbt ls` lists; empty for another command. */
  readonly listed: readonly string[];
  /** dbt's last words where it failed. */
  readonly error: string;
  /** Of the file that was asked for. */
  readonly text: string;
}

export interface Invocation {
  readonly args: readonly string[];
  /** To be read when it is done, in the project's folder. */
  readonly file?: string;
}

const INVOKE = `
import json, sys
from dbt.cli.main import dbtRunner
job, out = sys.argv[1:]
done = []
for one in json.load(open(job)):
    result = dbtRunner().invoke(["--quiet", *one["args"]])
    listed = result.result if one["args"][0] == "ls" and result.exception is None else None
    text = open(one["file"]).read() if "file" in one and result.success else ""
    error = "" if result.exception is None else str(result.exception)
    done.append({"isSuccess": result.success, "listed": list(listed or []), "error": error, "text": text})
json.dump(done, open(out, "w"))
`;

/**
 * Runs dbt so many times, one after the other, with these arguments. dbt Core does it in one process: starting it takes three
 * seconds, and listing a small project that is parsed a tenth of that. The words of its command line are read as always.
 */
export async function inOneProcess(
  engine: Engine,
  { cwd, env }: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
  invocations: readonly Invocation[],
): Promise<readonly Invoked[]> {
  const { dbt, python } = await environmentOf(engine);
  if (engine.kind === 'fusion') {
    const done: Invoked[] = [];
    for (const { args, file } of invocations) {
      const { code, stdout, stderr } = await runBare(dbt, ['--quiet', ...args], { cwd, env });
      done.push({
        isSuccess: code === 0,
        listed: stdout.split('\n').filter((line) => /^[\w:]+\.|^\{/.test(line)),
        error: code === 0 ? '' : stdout + stderr,
        text: file === undefined || code !== 0 ? '' : await readFile(join(cwd, file), 'utf8'),
      });
    }
    return done;
  }
  const root = await mkdtemp(join(tmpdir(), 'in-one-process-'));
  try {
    const [job, out] = [join(root, 'job.json'), join(root, 'out.json')];
    await writeFile(job, JSON.stringify(invocations));
    await promisify(execFile)(python, ['-c', INVOKE, job, out], { cwd, env, maxBuffer: 64 << 20 });
    return JSON.parse(await readFile(out, 'utf8')) as Invoked[];
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}
