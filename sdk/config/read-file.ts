import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isScalar, isSeq, isMap as isYamlMap, LineCounter, type ParsedNode, parseDocument } from 'yaml';
import { causeOf, isMap } from '../plan/yaml-file.ts';
import { type ContentProblem, checkContent } from './check.ts';
import type { ConfigSettings } from './config.ts';
import { configInvalid } from './problem.ts';
import { ConfigSchema } from './schema.ts';
import { settingsOf } from './settings.ts';
import { aboutUnknownKey } from './unknown-name.ts';

/** More than any such file needs; a larger one was given by mistake. */
const MAX_BYTES = 64 << 10;
const CORRECT = 'Correct the file, or run without it: --no-config, in the Action config: none.';

/**
 * Reads a configuration file: YAML 1.2, where `no` is a text and a key stands once.
 * @param path Absolute.
 * @throws DbtRunCacheError `config-invalid`, naming every bad key with its line. What could be a secret is not shown.
 */
export async function readConfigFile(path: string): Promise<ConfigSettings> {
  const lines = new LineCounter();
  const document = parseDocument(await readText(path), {
    prettyErrors: false,
    // `silent` would leave out a second document.
    logLevel: 'error',
    lineCounter: lines,
  });
  const [error] = document.errors;
  if (error !== undefined) {
    const { line, col } = lines.linePos(error.pos[0]);
    const cause = error.code === 'DUPLICATE_KEY' ? 'a key stands twice' : causeOf(error);
    throw configInvalid([`${path}:${line}:${col}: ${cause}`], CORRECT);
  }
  const where = (...keys: readonly (string | number)[]): string => {
    const at = startOf(document.contents, keys);
    return at === undefined ? path : `${path}:${lines.linePos(at).line}`;
  };
  let root: unknown;
  try {
    root = document.toJS();
  } catch {
    throw configInvalid(
      [`${path}: its aliases (*) name no anchor, contain themselves or are too many`],
      CORRECT,
    );
  }
  // A file in which everything is commented out sets nothing.
  const content = root ?? {};
  if (!isMap(content)) throw configInvalid([`${path}: its content is not a map of keys`], CORRECT);
  const checked = checkContent(content);
  if ('problems' in checked) throw refused(checked.problems, where);
  return settingsOf(checked.content, { source: 'file', where, base: dirname(path) });
}

function refused(
  problems: readonly ContentProblem[],
  where: (...keys: readonly (string | number)[]) => string,
): Error {
  const said = problems.map(({ path, message, unknownKey }) => {
    const about = unknownKey === undefined ? undefined : aboutUnknownKey(unknownKey);
    return `${where(...path)}: ${message}${about === undefined ? '' : `: ${about}`}`;
  });
  const isUnknown = problems.some(({ unknownKey }) => unknownKey !== undefined);
  const known = `Known keys: ${Object.keys(ConfigSchema.shape).join(', ')}.`;
  return configInvalid([...new Set(said)], isUnknown ? known : CORRECT);
}

async function readText(path: string): Promise<string> {
  let bytes: Buffer;
  try {
    const { size } = await stat(path);
    if (size > MAX_BYTES) throw configInvalid([`${path}: it is larger than ${MAX_BYTES >> 10} KiB`], CORRECT);
    bytes = await readFile(path);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code;
    if (reason === 'config-invalid') throw error;
    throw configInvalid([`${path}: it cannot be read (${reason ?? 'unknown reason'})`], CORRECT);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw configInvalid([`${path}: it is not UTF-8 text`], CORRECT);
  }
}

/** Offset of the key or item at this path, or of the nearest thing above it. */
function startOf(root: ParsedNode | null, keys: readonly (string | number)[]): number | undefined {
  let node: unknown = root;
  let start: number | undefined;
  for (const key of keys) {
    if (isYamlMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key));
      if (isScalar(pair?.key)) start = pair.key.range?.[0] ?? start;
      node = pair?.value;
    } else if (isSeq(node)) {
      node = node.items[Number(key)];
      if (isScalar(node)) start = node.range?.[0] ?? start;
    } else break;
  }
  return start;
}
