import type { PartInput } from '../../dedup/key.ts';
import { needsOf } from '../dbt-commands.ts';
import { digestFiles, readFiles } from './digest-files.ts';
import { envPart } from './env-part.ts';
import { gitGrep } from './git-grep.ts';
import { gitObjects } from './git-objects.ts';
import { MENTION_WORDS } from './jinja-scan.ts';
import type { ListedFile } from './list-files.ts';
import { type CodeInput, listSources } from './list-sources.ts';
import {
  type FileMentions,
  isPython,
  isTemplate,
  mentionsIn,
  mentionsInArgument,
  scanYaml,
  TEMPLATE_ENDINGS,
} from './mentions.ts';
import { namesModules, runsPythonHere } from './python-outside.ts';
import { isPythonModel } from './python-scan.ts';

export interface CodeParts {
  /** Every file of the project, by path relative to its folder, with the digest of its content. */
  readonly code: PartInput;
  /** Packages as locked and as installed, likewise. */
  readonly packages: PartInput;
  /** The variables that those files and the profile read by `env_var()`. */
  readonly env: PartInput;
}

/** The parts of a key that come from files. What cannot be read or told makes a part unknown; it never rejects. */
export async function codeParts(input: CodeInput): Promise<CodeParts> {
  const { dir } = input.project;
  const mentions: FileMentions[] = [];
  const hasPythonHere = runsPythonHere(input.profile);
  let runsPython = hasPythonHere && namesModules(input.profile);
  // In a warehouse elsewhere a Python model has another environment.
  const isRendered = (name: string): boolean => isTemplate(name) || (isPython(name) && hasPythonHere);
  const look = ({ name }: ListedFile, content: Buffer): void => {
    if (!isRendered(name)) return;
    if (isPython(name)) runsPython ||= isPythonModel(content);
    mentions.push({ file: name, ...mentionsIn(name, content) });
  };
  const asked = Promise.all([
    gitObjects(dir, input.env, input.run),
    gitGrep({ folder: dir, env: input.env, run: input.run }, MENTION_WORDS, TEMPLATE_ENDINGS),
  ]);
  const digest = async (files: readonly ListedFile[]): Promise<Record<string, string>> => {
    const [git, withMention] = await asked;
    // Their digests come from the index, so only those that ask for something are read.
    const unread = files.filter(
      ({ name, isLink }) =>
        !isLink &&
        git?.ids.has(name) === true &&
        isRendered(name) &&
        (isPython(name) || withMention === undefined || withMention.has(name)),
    );
    const [digests] = await Promise.all([
      digestFiles(files, git, look),
      readFiles(unread, (file, content) => content !== 'missing' && look(file, content)),
    ]);
    return digests;
  };

  const listed = await attempt(() => listSources(input));
  const [code, packages, profile] = await Promise.all([
    listed.kind === 'unknown' ? listed : attempt(() => digest(listed.value.code)),
    listed.kind === 'unknown' ? listed : attempt(() => digest(listed.value.packages)),
    attempt(() => profileMentions(input)),
    asked,
  ]);
  const unknown = [code, packages, profile].find((part) => part.kind === 'unknown');
  if (profile.kind === 'done') mentions.push(...profile.value);
  mentions.push(
    ...input.args.map((argument) => ({ file: "dbt's arguments", ...mentionsInArgument(argument) })),
  );
  // Scripts that no model can import are none of dbt's business.
  const read = mentions.filter(({ file }) => runsPython || !isPython(file));
  read.sort((a, b) => (a.file < b.file ? -1 : 1));
  return {
    code: withLeftOut(asPart(code), input),
    packages: asPart(packages),
    env: unknown === undefined ? await envPart(input, read) : asPart(unknown),
  };
}

function withLeftOut(part: PartInput, { keyIgnore }: CodeInput): PartInput {
  if (part.kind === 'unknown' || keyIgnore.length === 0) return part;
  return {
    ...part,
    leftOut: Object.fromEntries(keyIgnore.map(({ name }) => [name, 'ignored by key-ignore'])),
  };
}

async function profileMentions({ profile, commandLine }: CodeInput): Promise<readonly FileMentions[]> {
  if (profile === undefined) {
    if (needsOf(commandLine).profile === 'none') return [];
    throw new Error('Only dbt can tell which profile is used, and so which variables that reads');
  }
  const file: ListedFile = { path: profile.path, name: profile.path, isLink: false };
  const found: FileMentions[] = [];
  await readFiles([file], (_, content) => {
    if (content !== 'missing')
      found.push({ file: profile.path, isProfile: true, ...scanYaml(content.toString('utf8')) });
  });
  return found;
}

type Attempt<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'unknown'; readonly why: string };

async function attempt<T>(work: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return { kind: 'done', value: await work() };
  } catch (error) {
    return { kind: 'unknown', why: `${(error as Error).message}.`.replace(/\.\.$/, '.') };
  }
}

function asPart(result: Attempt<Readonly<Record<string, string>>>): PartInput {
  return result.kind === 'unknown' ? result : { kind: 'known', items: result.value };
}
