import { REPORT_PATH } from './record.ts';

/** What else of dbt's lies in the target folder by itself: the documentation site, and what the semantic layer reads. */
export const PRODUCT_PATHS: readonly string[] = ['semantic_manifest.json', 'index.html', 'static_index.html'];

/** dbt's artifacts that are kept, in the order in which they are stored. */
export const ARTIFACT_PATHS: readonly string[] = [
  ...['run_results.json', 'manifest.json', 'sources.json', 'catalog.json'],
  ...PRODUCT_PATHS,
];

const MAX_PATH = 1024;
/** Windows: characters with a meaning of their own, a dot or blank at the end, and names of devices. */
const NOT_ON_WINDOWS =
  /[<>:"|?*]|[. ]$|^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$) *(?:\.|$)/i;

/** Whether this is a file of compiled SQL. */
export function isCompiledPath(path: string): boolean {
  return /^(?:compiled|run)\//.test(path);
}

/**
 * Why a record's files cannot be written into a target folder under these names, as the end of a sentence; undefined
 * when they can. Only dbt's artifacts, our report and compiled SQL ever are; no name leads out of the folder, and no
 * file lies where another one, or its folder, does.
 */
export function problemOfPaths(
  paths: Iterable<string>,
  platform: NodeJS.Platform = process.platform,
): string | undefined {
  const files = new Set<string>();
  const folders = new Set<string>();
  for (const path of paths) {
    if (!isKeptPath(path, platform)) return `${quote(path)} is no file that may be brought back`;
    const place = placeOf(path, platform);
    if (files.has(place)) return `${quote(path)} is there twice`;
    files.add(place);
    // A folder that is known has its own folders known.
    for (let at = place.lastIndexOf('/'); at > 0; at = place.lastIndexOf('/', at - 1)) {
      const folder = place.slice(0, at);
      if (folders.has(folder)) break;
      folders.add(folder);
    }
  }
  for (const folder of folders) if (files.has(folder)) return `${quote(folder)} is a file and a folder`;
  return undefined;
}

function isKeptPath(path: string, platform: NodeJS.Platform): boolean {
  if (path === REPORT_PATH || ARTIFACT_PATHS.includes(path)) return true;
  return (
    isCompiledPath(path) &&
    path.length <= MAX_PATH &&
    // What is no Unicode becomes another name on disk.
    path.isWellFormed() &&
    path.split('/').every((word) => isPlainWord(word, platform))
  );
}

function isPlainWord(word: string, platform: NodeJS.Platform): boolean {
  if (word === '' || word === '.' || word === '..') return false;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is refused.
  if (/[\\\x00-\x1f\x7f]/.test(word)) return false;
  return platform !== 'win32' || !NOT_ON_WINDOWS.test(word);
}

/** Names that are one file on this platform are one text. */
function placeOf(path: string, platform: NodeJS.Platform): string {
  return platform === 'win32' || platform === 'darwin' ? path.normalize('NFC').toLowerCase() : path;
}

function quote(path: string): string {
  return JSON.stringify(path.slice(0, 200));
}
