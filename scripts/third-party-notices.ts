import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The part of esbuild's metafile that is read. */
interface Metafile {
  readonly outputs: Readonly<
    Record<string, { readonly inputs: Readonly<Record<string, { readonly bytesInOutput: number }>> }>
  >;
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly author?: string | { readonly name?: string };
}

interface Notice {
  /** The package, and what there is to say of its text. */
  readonly heading: string;
  readonly text: string;
}

const LICENSE_FILE = /^(licen[cs]e|notice|copying)([.-].*)?$/i;
/** The last section of a README, when that is the license. */
const IN_README = /^(?:#+ *licen[cs]e|licen[cs]e\n-+)\n(.*)$/ims;
const STANDARD_TEXTS: Readonly<Record<string, string>> = {
  MIT: 'scripts/licenses/MIT.txt',
  'Apache-2.0': 'scripts/licenses/Apache-2.0.txt',
};
/** From the LICENSE file of https://github.com/redis/node-redis, which its packages leave out. They name no author. */
const NODE_REDIS = 'Copyright (c) 2022-2025, Redis, inc.';
const HOLDERS: Readonly<Record<string, string>> = Object.fromEntries(
  ['redis', '@redis/bloom', '@redis/client', '@redis/json', '@redis/search', '@redis/time-series'].map(
    (name) => [name, NODE_REDIS],
  ),
);

/**
 * The licenses of every package with code in a bundle, sorted by name, the same for the same packages. Packages with the
 * very same text share it.
 * @throws Error for a package that neither holds a license text nor declares a license whose text we have, and for one
 *   whose copyright holder would stay unnamed.
 */
export function thirdPartyNotices(metafile: Metafile): string {
  const folders = new Set<string>();
  for (const { inputs } of Object.values(metafile.outputs)) {
    for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
      const folder = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0];
      if (folder !== undefined && bytesInOutput > 0) folders.add(folder);
    }
  }
  const headings = new Map<string, Set<string>>();
  for (const { heading, text } of [...folders].map(noticeOf)) {
    headings.set(text, (headings.get(text) ?? new Set()).add(heading));
  }
  const notices = [...headings].map(
    ([text, names]) => `${'-'.repeat(78)}\n${[...names].sort().join('\n')}\n\n${text}\n`,
  );
  return `This folder holds code of the following packages.\n\n${notices.sort().join('\n')}`;
}

function noticeOf(folder: string): Notice {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
  const name = `${manifest.name}@${manifest.version}`;
  const { license } = manifest;
  const texts = readdirSync(folder)
    .filter((file) => LICENSE_FILE.test(file))
    .sort()
    .map((file) => textOf(join(folder, file)));
  if (texts.length > 0) return { heading: `${name} (${license ?? 'see below'})`, text: texts.join('\n\n') };
  const readme = readmeText(folder);
  if (readme !== undefined)
    return { heading: `${name} (${license ?? 'see below'}), from its README`, text: readme };
  const standard = STANDARD_TEXTS[license ?? ''];
  if (license === undefined || standard === undefined)
    throw new Error(`${name} (${license ?? 'no license named'}) holds no license text`);
  const holder = holderOf(manifest);
  if (holder === undefined)
    throw new Error(
      `${name} (${license}) holds no license text, and names no author to go with the standard one`,
    );
  const heading = `${name} (${license}), ${holder}. It holds no license text; this is the standard one.`;
  return { heading, text: textOf(standard) };
}

function holderOf({ name, author }: Manifest): string | undefined {
  const named = typeof author === 'string' ? author : author?.name;
  return HOLDERS[name]?.replace(/\.$/, '') ?? (named === undefined ? undefined : `by ${named}`);
}

/** The license as a README quotes it, not where it only names one. */
function readmeText(folder: string): string | undefined {
  const file = readdirSync(folder).find((entry) => /^readme(\.md)?$/i.test(entry));
  const text = file === undefined ? undefined : IN_README.exec(textOf(join(folder, file)))?.[1];
  return text?.includes('Copyright (c)') ? text.trim() : undefined;
}

function textOf(path: string): string {
  return readFileSync(path, 'utf8').replaceAll('\r\n', '\n').trim();
}
