import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { credentialsIn, hideCredentials } from './hide-credentials.ts';
import { readLinks } from './links.ts';
import { localPath } from './local-digest.ts';

/** Settings of pip and uv that decide what is installed. */
const SETTINGS = new RegExp(
  `^(?:PIP_(?:${[
    ...['(?:EXTRA_)?INDEX_URL', 'NO_INDEX', 'FIND_LINKS', '(?:BUILD_)?CONSTRAINT', 'NO_DEPS', 'PRE'],
    ...['PREFER_BINARY', 'NO_BINARY', 'ONLY_BINARY', 'REQUIRE_HASHES', 'CONFIG_FILE'],
  ].join('|')})|UV_(?:${[
    ...['DEFAULT_INDEX', 'INDEX', '(?:EXTRA_)?INDEX_URL', 'NO_INDEX', 'FIND_LINKS', 'INDEX_STRATEGY'],
    ...['(?:BUILD_)?CONSTRAINT', 'OVERRIDE', 'EXCLUDE', 'PRERELEASE', 'RESOLUTION', 'FORK_STRATEGY'],
    ...['EXCLUDE_NEWER(?:_PACKAGE)?', 'NO_(?:BINARY|BUILD)(?:_PACKAGE)?', 'NO_DEPS', 'NO_SOURCES'],
    ...['REQUIRE_HASHES', 'TORCH_BACKEND', 'CONFIG_FILE', 'NO_CONFIG'],
  ].join('|')}))$`,
);

export interface InstallerSettings {
  /** By variable. Without credentials; a file or folder of this machine counts with what it holds. */
  readonly values: Readonly<Record<string, string>>;
  /** What they lead to that could not be read, e.g. `UV_OVERRIDE (gone.txt cannot be read)`. */
  readonly uncertain: readonly string[];
  /** Passwords and tokens of their addresses. */
  readonly secrets: readonly string[];
}

export async function readInstallerSettings(
  env: Readonly<Record<string, string>>,
  cwd: string,
): Promise<InstallerSettings> {
  const values: Record<string, string> = {};
  const uncertain: string[] = [];
  const secrets: string[] = [];
  const settings = Object.entries(env).filter(([name, value]) => SETTINGS.test(name) && value !== '');
  for (const [name, value] of settings.sort()) {
    secrets.push(...credentialsIn(value));
    const parts: string[] = [];
    for (const part of partsOf(name, value)) {
      const read = await readPart(name, part, cwd);
      parts.push(read.value);
      if (read.why !== undefined) uncertain.push(`${name} (${read.why})`);
    }
    values[name] = parts.join(' ');
  }
  return { values, uncertain, secrets };
}

function partsOf(name: string, value: string): readonly string[] {
  if (/FIND_LINKS$/.test(name)) return value.split(/[\s,]+/).filter((part) => part !== '');
  return isListOfFiles(name) ? value.split(/\s+/).filter((part) => part !== '') : [value];
}

function isListOfFiles(name: string): boolean {
  return /(?:CONSTRAINT|OVERRIDE|_EXCLUDE)$/.test(name);
}

async function readPart(
  name: string,
  part: string,
  cwd: string,
): Promise<{ readonly value: string; readonly why?: string }> {
  if (/FIND_LINKS$/.test(name)) return readLinks(part, [cwd]);
  // A token that is renewed changes nothing.
  const shown = hideCredentials(part);
  if (!isListOfFiles(name) && !name.endsWith('CONFIG_FILE')) return { value: shown };
  const path = localPath(part, cwd);
  const text = path === undefined ? undefined : await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return { value: shown, why: `${shown} cannot be read` };
  const value = `a file with ${createHash('sha256').update(text).digest('hex')}`;
  const namesOthers = isListOfFiles(name) && /^\s*(?:-[rc]|--(?:requirement|constraint))/m.test(text);
  return namesOthers ? { value, why: `${shown} names other files` } : { value };
}
