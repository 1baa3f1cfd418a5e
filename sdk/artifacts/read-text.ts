import { constants, isUtf8 } from 'node:buffer';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { type ArtifactFile, artifactError } from './artifact-file.ts';

/** Most bytes a file may have: what fits into one string of Node, about 512 MiB. */
export const MAX_BYTES = constants.MAX_STRING_LENGTH;

/** dbt writes artifacts in place, so one may change under the reader. How often that is tried again, and when. */
const ATTEMPTS = 4;
const RETRY_DELAY_MS = 50;

/**
 * The text of a whole file, without a byte order mark, as it was at one moment.
 * @throws DbtRunCacheError `artifact-missing`, `artifact-unreadable`, `artifact-too-large`, `artifact-empty`,
 * `artifact-not-json` (not UTF-8).
 */
export async function readText(file: ArtifactFile, maxBytes: number): Promise<string> {
  const text = decode(file, await readBytes(file, maxBytes));
  // Trimming looks no further than the first and last character that is no white space.
  if (text.trim() === '') {
    throw artifactError('artifact-empty', file, 'the file is empty', EMPTY_HINT);
  }
  return text;
}

const EMPTY_HINT =
  'Run dbt again and see that it ends: a dbt that was killed, or a full disk, leaves an empty file.';

async function readBytes(file: ArtifactFile, maxBytes: number): Promise<Buffer> {
  try {
    for (let attempt = 1; ; attempt += 1) {
      // Before it is opened: opening a named pipe would wait for its writer.
      const kind = await stat(file.path);
      if (!kind.isFile()) throw notAFile(file, kind.isDirectory() ? 'a folder' : 'not a regular file');
      const handle = await open(file.path, 'r');
      try {
        const bytes = await readUnchanged(handle, file, maxBytes);
        if (bytes !== undefined) return bytes;
      } finally {
        await handle.close();
      }
      if (attempt === ATTEMPTS) throw stillChanging(file);
      await delay(RETRY_DELAY_MS);
    }
  } catch (error) {
    throw fromSystem(file, error);
  }
}

/**
 * All bytes behind a handle, or undefined when the file changed meanwhile: then they may be half of one version
 * and half of another. A file replaced by renaming is no such case, since the handle stays with the old one.
 */
export async function readUnchanged(
  handle: Pick<FileHandle, 'stat' | 'read'>,
  file: ArtifactFile,
  maxBytes: number,
): Promise<Buffer | undefined> {
  const before = await handle.stat({ bigint: true });
  if (before.size > BigInt(maxBytes)) {
    throw artifactError(
      'artifact-too-large',
      file,
      `the file has ${before.size} bytes, more than the ${maxBytes} that are allowed`,
      maxBytes < MAX_BYTES
        ? 'Raise maxBytes, or make the project smaller.'
        : 'Node cannot hold a larger file in one string: make the project smaller, e.g. by splitting it.',
    );
  }
  const size = Number(before.size);
  const bytes = Buffer.allocUnsafeSlow(size);
  let filled = 0;
  while (filled < size) {
    const { bytesRead } = await handle.read(bytes, filled, size - filled, filled);
    if (bytesRead === 0) return undefined;
    filled += bytesRead;
  }
  const after = await handle.stat({ bigint: true });
  return after.size === before.size && after.mtimeNs === before.mtimeNs && after.ctimeNs === before.ctimeNs
    ? bytes
    : undefined;
}

function decode(file: ArtifactFile, bytes: Buffer): string {
  if (!isUtf8(bytes)) {
    throw artifactError(
      'artifact-not-json',
      file,
      'the file is not UTF-8 text',
      'Give the file as dbt wrote it: not compressed, and not redirected through a shell that changes its encoding.',
    );
  }
  const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return bytes.toString('utf8', hasMark ? 3 : 0);
}

function notAFile(file: ArtifactFile, what: string): Error {
  return artifactError(
    'artifact-unreadable',
    file,
    `this is ${what}`,
    `Give the path of the file itself, e.g. target/${FILE_NAMES[file.kind]}.`,
  );
}

function stillChanging(file: ArtifactFile): Error {
  return artifactError(
    'artifact-unreadable',
    file,
    'the file is being written while it is read',
    'Wait until dbt has ended, and let no two runs share a target folder.',
  );
}

const FILE_NAMES = {
  'run-results': 'run_results.json',
  manifest: 'manifest.json',
  sources: 'sources.json',
  catalog: 'catalog.json',
} as const;

const MADE_BY = {
  'run-results': 'a command that runs nodes, such as `dbt build`',
  manifest: 'any command that parses the project, such as `dbt build` or `dbt parse`',
  sources: '`dbt source freshness`',
  catalog: '`dbt docs generate`',
} as const;

function fromSystem(file: ArtifactFile, error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code.startsWith('artifact-')) return error;
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return artifactError(
      'artifact-missing',
      file,
      'there is no such file',
      `It is written by ${MADE_BY[file.kind]}: run that first, and look at the target path of the project.`,
      error,
    );
  }
  return artifactError(
    'artifact-unreadable',
    file,
    `the file cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    code === 'EACCES' || code === 'EPERM'
      ? 'Give the user of this process the right to read it.'
      : 'Check the path and the disk it is on.',
    error,
  );
}
