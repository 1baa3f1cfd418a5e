import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, symlinkSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findPython } from '../find-python.ts';

type SignalName = 'SIGINT' | 'SIGTERM' | 'SIGKILL';

/** What the stand-in does, in order. In texts, `$INVOCATION_ID` and `$NOW` are filled in. Ends with exit code 0. */
export type Step =
  | { readonly print: string }
  | { readonly print_error: string }
  /** Base64, for what is no text. */
  | { readonly print_bytes: string }
  | { readonly print_filler: { readonly mebibytes: number } }
  | { readonly event: FakeEvent }
  /** A file, relative to the folder dbt was started in. */
  | {
      readonly write:
        | { readonly path: string; readonly json: unknown }
        | { readonly path: string; readonly text: string };
    }
  /** Makes a file in the stand-in's folder that holds its process id; see `FakeDbt.reached`. */
  | { readonly mark: string }
  | { readonly wait_for: string }
  | { readonly on_signal: { readonly signal: SignalName; readonly do: 'ignore' | readonly Step[] } }
  /** Starts a process that never ends; its id goes into a file like a mark's. */
  | { readonly start_child: string }
  | { readonly hang: true }
  | { readonly die_of: SignalName }
  | { readonly exit: number };

/** A structured event of dbt's, for the file that is followed. */
export interface FakeEvent {
  readonly name: string;
  readonly level?: string;
  readonly msg?: string;
  readonly data?: unknown;
}

export interface FakeDbt {
  /** A virtual environment as far as anyone can see. */
  readonly venv: string;
  readonly executable: string;
  /** Arguments, environment and folder it was last started with. */
  seen(): { args: string[]; env: Record<string, string>; cwd: string };
  /** Resolves with the number in a mark's file once it is there. */
  reached(mark: string): Promise<number>;
  /** Lets the stand-in go on from `wait_for`. */
  release(mark: string): void;
}

const PACKAGES = {
  dbt_core: '1.11.16',
  dbt_postgres: '1.11.0',
  dbt_adapters: '1.22.0',
  dbt_common: '1.37.0',
};

/** Makes a virtual environment whose dbt is steered. */
export async function makeFakeDbt(venv: string, steps: readonly Step[]): Promise<FakeDbt> {
  const python = await findPython(process.env, true);
  const [program = '', ...leading] = python.command;
  const real = execFileSync(program, [...leading, '-c', 'import sys; print(sys.executable)'], {
    encoding: 'utf8',
  }).trim();
  const version = python.version.split('.').slice(0, 2).join('.');
  const bin = join(venv, 'bin');
  const packages = join(venv, 'lib', `python${version}`, 'site-packages');
  mkdirSync(bin, { recursive: true });
  symlinkSync(real, join(bin, 'python'));
  writeFileSync(join(venv, 'pyvenv.cfg'), `home = ${join(real, '..')}\nversion = ${python.version}\n`);
  for (const [name, packageVersion] of Object.entries(PACKAGES)) {
    const info = join(packages, `${name}-${packageVersion}.dist-info`);
    mkdirSync(info, { recursive: true });
    const metadata = `Metadata-Version: 2.1\nName: ${name.replace('_', '-')}\nVersion: ${packageVersion}\n`;
    writeFileSync(join(info, 'METADATA'), metadata);
  }
  const executable = join(bin, 'dbt');
  const source = readFileSync(new URL('./dbt.py', import.meta.url), 'utf8');
  writeFileSync(executable, `#!${join(bin, 'python')}\n${source}`);
  chmodSync(executable, 0o755);
  writeFileSync(join(venv, 'steps.json'), JSON.stringify(steps));

  return {
    venv,
    executable,
    seen: () => JSON.parse(readFileSync(join(venv, 'seen.json'), 'utf8')),
    reached: (mark) => numberIn(venv, mark),
    release: (mark) => writeFileSync(join(venv, mark), ''),
  };
}

/** Waits for the file system's word that the file has come. */
function numberIn(folder: string, file: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const watcher = watch(folder, look);
    watcher.on('error', reject);
    function look(): void {
      let text: string;
      try {
        text = readFileSync(join(folder, file), 'utf8');
      } catch {
        return;
      }
      if (text === '') return;
      watcher.close();
      resolve(Number(text));
    }
    look();
  });
}
