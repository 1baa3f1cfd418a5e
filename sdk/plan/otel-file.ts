import { isAbsolute, resolve } from 'node:path';
import type { CommandLine } from './command-line.ts';
import { type Environment, readVariable } from './variables.ts';

/** The file a user of dbt v2 wants its telemetry in. */
export interface OtelFile {
  /** Absolute; undefined when it cannot be told where it lies. */
  readonly path: string | undefined;
}

/**
 * The telemetry file dbt v2 is asked for, by `--otel-file-name`, DBT_OTEL_FILE_NAME or DBT_ENGINE_OTEL_FILE_NAME, in
 * dbt's order. Undefined when nobody asks for one. A relative name lies in the folder of `dbt.log`.
 */
export function otelFileOf(
  commandLine: CommandLine,
  env: Environment,
  logPath: string | undefined,
): OtelFile | undefined {
  const name =
    commandLine.otelFileName ??
    readVariable(env, 'DBT_OTEL_FILE_NAME') ??
    readVariable(env, 'DBT_ENGINE_OTEL_FILE_NAME');
  if (name === undefined) return undefined;
  // dbt refuses an empty name, and is left to do so.
  if (name === '') return { path: undefined };
  if (isAbsolute(name)) return { path: name };
  return { path: logPath === undefined ? undefined : resolve(logPath, name) };
}
