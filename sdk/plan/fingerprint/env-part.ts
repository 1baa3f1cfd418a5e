import type { PartInput } from '../../dedup/key.ts';
import { isKeptFromDbt, isSecretName } from '../environment.ts';
import { dialectOf, readJinjaVariable, readVariable } from '../variables.ts';
import { scanTemplate } from './jinja-scan.ts';
import type { FingerprintInput } from './key-inputs.ts';
import { type FileMentions, isPython } from './mentions.ts';
import { slowHash } from './slow-hash.ts';

type Input = Pick<FingerprintInput, 'dotEnv' | 'keyEnv' | 'versions'>;

const METADATA = 'DBT_ENV_CUSTOM_ENV_*';
const SECRET_PREFIX = 'DBT_ENV_SECRET_';

/**
 * The variables that are read, each with its value: one that is not set differs from any that is, also an empty one. Of
 * a secret that models can read there is a slow hash; one that only the profile reads is left out.
 */
export async function envPart(input: Input, found: readonly FileMentions[]): Promise<PartInput> {
  const hasPattern = input.keyEnv.some((one) => one.includes('*'));
  const unclear = found.find((file) => file.unclear.length > 0);
  // With a pattern the user has said which variables these are.
  if (unclear !== undefined && !hasPattern) return { kind: 'unknown', why: whyUnclear(unclear) };

  const items = new Map<string, string | Promise<string>>();
  const leftOut = new Map<string, string>();
  // A name counts as its strictest reader has it.
  for (const reader of READERS) {
    const names = new Set(namesOf(reader, input, found));
    // Grows as it is gone through: a value may be a template again.
    for (const name of names) {
      if (items.has(name) || leftOut.has(name)) continue;
      const why = whyLeftOut(name, reader);
      if (why !== undefined) {
        leftOut.set(name, why);
        continue;
      }
      const siblings = spellings(name);
      if (siblings.some((one) => isUncertain(input, one)))
        return {
          kind: 'unknown',
          why: `The .env file sets ${name} in a way that only dbt can work out; write its value there as plain text.`,
        };
      const value = readJinjaVariable(input.dotEnv.env, name, dialectOf(input.versions.dbt));
      items.set(name, value === undefined ? '' : isSecret(name) ? hashed(name, value) : `=${value}`);
      // dbt gives both names of a setting of its own one value.
      for (const one of siblings) if (readVariable(input.dotEnv.env, one) !== undefined) names.add(one);
      if (value?.includes('env_var') === true) {
        const inside = scanTemplate(value, 'string');
        if (inside.unclear.length > 0 && !hasPattern)
          return {
            kind: 'unknown',
            why: `The value of ${name} calls env_var() with a name that is not written out there. ${WAY_OUT}`,
          };
        for (const one of inside.names) names.add(one);
      }
    }
  }
  const values = await Promise.all([...items].map(async ([name, value]) => [name, await value] as const));
  values.sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    kind: 'known',
    items: Object.fromEntries(values),
    ...(leftOut.size === 0 ? {} : { leftOut: Object.fromEntries(leftOut) }),
  };
}

/** Who asks for a variable: `any` can read every one (Python, and whoever wrote `key-env`). The strictest first. */
const READERS = ['any', 'template', 'profile'] as const;
type Reader = (typeof READERS)[number];

function namesOf(reader: Reader, input: Input, found: readonly FileMentions[]): readonly string[] {
  const files = found.filter((file) => readerOf(file) === reader);
  const names = files.flatMap((file) => [...file.names]);
  const patterns = [
    ...(reader === 'any' ? input.keyEnv : []),
    ...(files.some(({ readsMetadata }) => readsMetadata) ? [METADATA] : []),
  ];
  return [...names, ...patterns.flatMap((pattern) => matching(pattern, input))];
}

function readerOf({ file, isProfile }: FileMentions): Reader {
  return isProfile === true ? 'profile' : isPython(file) ? 'any' : 'template';
}

function whyLeftOut(name: string, reader: Reader): string | undefined {
  // dbt gives those to no template but the profile and the list of packages.
  if (reader === 'template' && name.startsWith(SECRET_PREFIX))
    return 'it is a secret that dbt keeps from models';
  return reader === 'profile' && isSecret(name) ? 'it is a secret that only the profile reads' : undefined;
}

async function hashed(name: string, value: string): Promise<string> {
  return `(secret) ${await slowHash(`env ${name}`, value)}`;
}

const WAY_OUT =
  'Write the name there as plain text, or name the variables that are meant with key-env, one of them with a "*".';

function whyUnclear({ file, unclear }: FileMentions): string {
  return `${file}:${unclear[0]} uses ${isPython(file) ? 'os.environ' : 'env_var()'} with a name that is not written out there, so only dbt can tell which variable it reads. ${WAY_OUT}`;
}

function isSecret(name: string): boolean {
  const upper = name.toUpperCase();
  return upper.startsWith(SECRET_PREFIX) || isSecretName(upper);
}

function spellings(name: string): readonly string[] {
  const setting = /^DBT_(?:ENGINE_)?(.+)$/.exec(name)?.[1];
  return setting === undefined ? [name] : [name, `DBT_${setting}`, `DBT_ENGINE_${setting}`];
}

/** What is set outside of a `.env` file stays as it is. */
function isUncertain({ dotEnv }: Input, name: string): boolean {
  return dotEnv.uncertain.has(name) && readVariable(dotEnv.env, name) === undefined;
}

/** A name, or the names there are that fit a pattern. */
function matching(pattern: string, { dotEnv }: Input): readonly string[] {
  const wanted = new RegExp(
    `^${pattern
      .split('*')
      .map((text) => text.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
      .join('[\\s\\S]*')}$`,
    process.platform === 'win32' ? 'i' : '',
  );
  const names = pattern.includes('*') ? [...Object.keys(dotEnv.env), ...dotEnv.uncertain] : [pattern];
  return names.filter((name) => wanted.test(name) && !isKeptFromDbt(name));
}
