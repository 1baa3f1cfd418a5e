import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { dialectOf, type Environment } from './variables.ts';

/** An environment with what dbt itself adds to it. */
export interface DbtEnvironment {
  readonly env: Environment;
  /** Names set in a way not worked out here, e.g. from other variables: their values are unknown. */
  readonly uncertain: ReadonlySet<string>;
}

/**
 * The environment as dbt sees it once started. dbt 1.12 and later read the nearest `.env` file from their working
 * folder upward; what is set already stays. Earlier ones read none. Without a version nothing in such a file is
 * certain.
 */
export async function readDotEnv(input: {
  readonly cwd: string;
  readonly env: Environment;
  readonly dbtVersion?: string | undefined;
}): Promise<DbtEnvironment> {
  const nothing: DbtEnvironment = { env: input.env, uncertain: new Set() };
  if (!dialectOf(input.dbtVersion).loadsDotEnv) return nothing;
  const text = await findText(input.cwd);
  if (text === undefined) return nothing;
  const { values, uncertain } = parseDotEnv(text);
  if (input.dbtVersion === undefined)
    return { env: input.env, uncertain: new Set([...values.keys(), ...uncertain]) };
  return { env: { ...Object.fromEntries(values), ...definedOnly(input.env) }, uncertain };
}

async function findText(cwd: string): Promise<string | undefined> {
  for (let dir = cwd; ; dir = dirname(dir)) {
    try {
      return await readFile(join(dir, '.env'), 'utf8');
    } catch {
      if (dirname(dir) === dir) return undefined;
    }
  }
}

function parseDotEnv(text: string): { values: Map<string, string>; uncertain: Set<string> } {
  const values = new Map<string, string>();
  const uncertain = new Set<string>();
  // Line by line; a quoted value over several lines leaves its name uncertain, and the lines after it say nothing new.
  for (const line of text.replace(/^\uFEFF/, '').split(/\r?\n/)) {
    const match = /^\s*(?:export\s+)?([A-Za-z_][\w.]*)\s*=\s*(.*?)\s*$/.exec(line);
    if (match === null) continue;
    const [, name = '', raw = ''] = match;
    const value = plainValue(raw);
    values.delete(name);
    uncertain.delete(name);
    if (value === undefined) uncertain.add(name);
    else values.set(name, value);
  }
  return { values, uncertain };
}

function plainValue(raw: string): string | undefined {
  const quoted = /^(['"])([^'"\\$]*)\1(?:\s+#.*)?$/.exec(raw)?.[2];
  if (quoted !== undefined) return quoted;
  if (/['"\\$]/.test(raw)) return undefined;
  return raw.replace(/\s+#.*$/, '').replace(/^#.*$/, '');
}

function definedOnly(env: Environment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
