import { parseDocument } from 'yaml';
import type { CommandLine } from './command-line.ts';
import type { JinjaContext, JinjaValue } from './jinja.ts';
import { type DbtDialect, type Environment, readJinjaVariable } from './variables.ts';
import { isMap } from './yaml-file.ts';

/** What is needed to read dbt's configuration as dbt would. */
export interface PlanInput {
  /** The folder dbt is started in. Absolute. */
  readonly cwd: string;
  readonly env: Environment;
  readonly commandLine: CommandLine;
  /** As found by `findDbt()`. Some variables mean something to some versions only; without it: to the newest. */
  readonly dbtVersion?: string | undefined;
}

/** Variables whose names begin so are secrets to dbt, and are never read here. */
const SECRET_PREFIX = 'DBT_ENV_SECRET_';

export function jinjaContext(
  input: PlanInput,
  dialect: DbtDialect,
  more: {
    /** Names a `.env` file sets in a way not worked out here. */
    readonly uncertain?: ReadonlySet<string>;
    readonly target?: Readonly<Record<string, JinjaValue>> | undefined;
  } = {},
): JinjaContext {
  return {
    variable: (name) => {
      const value = readJinjaVariable(input.env, name, dialect);
      if (value !== undefined) return name.startsWith(SECRET_PREFIX) ? 'unknown' : { value };
      return more.uncertain?.has(name) === true ? 'unknown' : 'unset';
    },
    vars: readVars(input.commandLine.vars),
    target: more.target,
  };
}

function readVars(text: string | undefined): Readonly<Record<string, unknown>> | undefined {
  if (text === undefined) return {};
  try {
    const document = parseDocument(text, { version: '1.1', uniqueKeys: false, logLevel: 'silent' });
    const value: unknown = document.errors.length === 0 ? document.toJS() : undefined;
    return isMap(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
