import { type ParseArgsConfig, parseArgs } from 'node:util';
import { tame } from './tame.ts';

/** The command line itself is wrong. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly hint: string;
  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}

/**
 * `parseArgs`, with its complaints as usage errors.
 * @param hintFor What to do about an option that does not exist.
 */
export function parseOptions<T extends NonNullable<ParseArgsConfig['options']>>(
  args: readonly string[],
  options: T,
  command: string,
  hintFor?: () => string,
) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, allowNegative: true, strict: true });
  } catch (error) {
    const message = error instanceof Error ? (error.message.split('. ')[0] ?? '') : String(error);
    const isUnknown = (error as NodeJS.ErrnoException).code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION';
    throw new UsageError(
      message,
      isUnknown && hintFor !== undefined ? hintFor() : `See \`dbt-runcache ${command} --help\`.`,
    );
  }
}

/** The value, when it is one of those allowed. */
export function oneOf<T extends string>(option: string, values: readonly T[], value: string): T {
  const found = values.find((candidate) => candidate === value);
  if (found !== undefined) return found;
  throw new UsageError(`${option} is "${value}"`, `Give one of ${values.join(', ')}.`);
}

/** What `--config` and `--no-config` say: the file, `none`, or undefined where it is to be searched. */
export function readConfig(path: string | boolean | undefined): string | undefined {
  if (path === false) return 'none';
  if (path === '') throw new UsageError('--config is empty', 'Name a file, or give --no-config.');
  return path === true ? undefined : path;
}

/** An error as text for stderr. It may repeat what comes from outside. */
export function complaint({
  message,
  hint,
}: {
  readonly message: string;
  readonly hint?: string | undefined;
}): string {
  return `dbt-runcache: ${tame(message)}\n${hint === undefined ? '' : `${tame(hint)}\n`}`;
}
