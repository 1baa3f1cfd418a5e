import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { splitWords } from '../plan/split-words.ts';
import { findExecutable, isFile, type Searched } from './find-executable.ts';

/** What kind of file an executable is, told from its beginning. */
export type ScriptHead =
  | { readonly kind: 'native' }
  | {
      readonly kind: 'python';
      /** The interpreter, not followed further: a virtual environment's own link says which environment it is. */
      readonly pythonPath: string;
      readonly text: string;
    }
  /** The script names a Python that is not there. */
  | { readonly kind: 'broken'; readonly interpreter: string }
  /** A script of another language, or nothing known. */
  | { readonly kind: 'other'; readonly text: string };

const HEAD_BYTES = 8 << 10;
const NATIVE_MAGIC = [
  [0x7f, 0x45, 0x4c, 0x46],
  [0xcf, 0xfa, 0xed, 0xfe],
  [0xce, 0xfa, 0xed, 0xfe],
  [0xca, 0xfe, 0xba, 0xbe],
  [0x4d, 0x5a],
];

/** Reads the beginning of an executable. `path` must have its links resolved. */
export async function readScriptHead(path: string, searched: Searched): Promise<ScriptHead> {
  const bytes = await readHead(path);
  if (NATIVE_MAGIC.some((magic) => magic.every((byte, at) => bytes[at] === byte))) return { kind: 'native' };
  const text = bytes.toString('utf8');
  if (!text.startsWith('#!')) return { kind: 'other', text };
  const interpreter = await interpreterOf(text, path, searched);
  if (interpreter === undefined) return { kind: 'other', text };
  if (!isPython(interpreter)) return { kind: 'other', text };
  return (await isFile(interpreter))
    ? { kind: 'python', pythonPath: interpreter, text }
    : { kind: 'broken', interpreter };
}

async function readHead(path: string): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

async function interpreterOf(text: string, path: string, searched: Searched): Promise<string | undefined> {
  const [first = '', second = ''] = text.split(/\r?\n/, 2);
  // Installers fall back to a shell line where the path of Python is too long for the kernel or holds a space.
  const exec = /^'''exec'\s+(.+)\s+"\$0"\s+"\$@"/.exec(second)?.[1];
  if (exec !== undefined) return besideScript(exec, path) ?? unquoted(exec);
  const command = first.slice(2).trim();
  const [program = ''] = command.split(/\s+/, 1);
  if (!/(^|[\\/])env$/.test(program)) return program === '' ? undefined : program;
  const name = command
    .split(/\s+/)
    .slice(1)
    .find((word) => !word.startsWith('-') && !word.includes('='));
  return name === undefined ? undefined : ((await findExecutable(name, searched)) ?? name);
}

/** `"$(dirname -- "$(realpath -- "$0")")"/'python'`: an environment that may be moved names Python from the script. */
function besideScript(exec: string, path: string): string | undefined {
  const name = /^"\$\(dirname .*\)"\/(.+)$/.exec(exec)?.[1];
  return name === undefined ? undefined : join(dirname(path), unquoted(name) ?? name);
}

function unquoted(word: string): string | undefined {
  try {
    return splitWords(word)[0];
  } catch {
    return undefined;
  }
}

export function isPython(path: string): boolean {
  return /(?:^|[\\/])(?:python|pypy)[\d.]*w?(?:\.exe)?$/i.test(path);
}
