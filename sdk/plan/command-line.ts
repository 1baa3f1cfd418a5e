import { type OptionKind, optionKindsOf } from './dbt-options.ts';
import type { EngineKind } from './engine-kind.ts';

/** What can be read off dbt's arguments. They are only read, never changed. */
export interface CommandLine {
  /**
   * The subcommand by its full name, e.g. `build`, `docs generate`; aliases by what they stand for (`ls` is `list`,
   * `source snapshot-freshness` is `source freshness`). Empty when none is named.
   */
  readonly command: string;
  /** Whether it is a command of dbt Core 1.7 to 1.12 or, for dbt v2, of that. */
  readonly isKnown: boolean;
  /** dbt only prints its version or its help. */
  readonly asksFor?: 'version' | 'help';
  /** Words that belong to no option, e.g. the macro of `run-operation`. */
  readonly positionals: readonly string[];
  readonly projectDir?: string;
  readonly profilesDir?: string;
  readonly profile?: string;
  readonly target?: string;
  readonly targetPath?: string;
  readonly logPath?: string;
  /** The YAML text of `--vars`. */
  readonly vars?: string;
  /** As given: dbt decides whether it is a number. */
  readonly threads?: string;
  readonly state?: string;
  /** `--output`: of `source freshness` a path, of others a format. */
  readonly output?: string;
  readonly select?: readonly string[];
  readonly exclude?: readonly string[];
  readonly selector?: string;
  /** How tests come along with what is selected, e.g. `cautious`. */
  readonly indirectSelection?: string;
  readonly writeJson?: boolean;
  readonly quiet?: boolean;
  readonly fullRefresh?: boolean;
  /** Whether tests keep their failures in the warehouse. */
  readonly storeFailures?: boolean;
  /** `docs generate --no-compile` is false. */
  readonly compile?: boolean;
  /** dbt v2: write the catalog, whatever the command. */
  readonly writeCatalog?: boolean;
  /** dbt v2: the telemetry file's name. */
  readonly otelFileName?: string;
  /** `show --inline-direct`, which runs a query without a project. */
  readonly inlineDirect?: string;
}

const GROUPS: Readonly<Record<EngineKind, ReadonlySet<string>>> = {
  core: new Set(['docs', 'source']),
  fusion: new Set(['docs', 'license', 'sl', 'source', 'state', 'system']),
};
const ALIASES = new Map([
  ['ls', 'list'],
  ['source snapshot-freshness', 'source freshness'],
]);
const FUSION_ALIASES = new Map([['fmt', 'format']]);
const COMMANDS = new Set([
  ...[
    'build',
    'clean',
    'clone',
    'compile',
    'debug',
    'deps',
    'docs generate',
    'docs serve',
    'init',
    'list',
    'parse',
  ],
  ...['retry', 'run', 'run-operation', 'seed', 'show', 'snapshot', 'source freshness', 'test'],
]);
/** Those that only dbt v2 has. */
const FUSION_COMMANDS = new Set([
  ...['format', 'help', 'license info', 'lint', 'login', 'man', 'sl list', 'sl query', 'sl validate'],
  ...['state explain', 'system install-drivers', 'system uninstall', 'system update', 'wizard'],
]);

/** Values by option, under the first long name dbt knows it by. */
interface Found {
  readonly values: Map<string, string>;
  readonly lists: Map<string, string[]>;
  readonly flags: Map<string, boolean>;
  readonly options: GivenOption[];
  readonly spans: OptionSpan[];
}

/** Arguments that are one option with what it took, or several letters behind one dash: `-qxs model`. */
export interface OptionSpan {
  /** Index of the first of the arguments, and of the one behind the last. */
  readonly from: number;
  readonly to: number;
  readonly options: readonly GivenOption[];
}

/** An option as it was given. */
export interface GivenOption {
  /** The first long name of one that takes something, e.g. `select` for `-m`; else as typed, e.g. `--defer`, `-x`, `--unheard-of`. */
  readonly name: string;
  readonly typed: string;
  /** What it took; empty for a flag. */
  readonly values: readonly string[];
}

/**
 * Reads dbt's arguments the way dbt's own parser does: options before and after the subcommand, `--x y`, `--x=y` and
 * `-xy`, the last of several wins, `--select a b` takes words up to the next option. An option given both before and
 * after the subcommand (which dbt refuses) counts as given after it.
 * @param engine Whose options and commands they are.
 */
export function parseCommandLine(args: readonly string[], engine: EngineKind = 'core'): CommandLine {
  const { words, positionals, found } = readArguments(args, engine);
  const typed = words.join(' ');
  const isFusion = engine === 'fusion';
  const command = ALIASES.get(typed) ?? (isFusion ? FUSION_ALIASES.get(typed) : undefined) ?? typed;
  const isKnown = COMMANDS.has(command) || (isFusion && FUSION_COMMANDS.has(command));
  return { command, isKnown, positionals, ...asked(found), ...named(found) };
}

/** Every option of dbt's arguments in the order given. */
export function givenOptions(args: readonly string[], engine: EngineKind): readonly GivenOption[] {
  return readArguments(args, engine).found.options;
}

/** Where each option of dbt's arguments stands, and the index behind the last word of the subcommand. */
export function optionSpans(
  args: readonly string[],
  engine: EngineKind,
): { readonly spans: readonly OptionSpan[]; readonly commandEnd: number } {
  const { found, commandEnd } = readArguments(args, engine);
  return { spans: found.spans, commandEnd };
}

interface Read {
  readonly words: readonly string[];
  readonly positionals: readonly string[];
  readonly found: Found;
  readonly commandEnd: number;
}

function readArguments(args: readonly string[], engine: EngineKind): Read {
  const kinds = optionKindsOf(engine);
  const found: Found = { values: new Map(), lists: new Map(), flags: new Map(), options: [], spans: [] };
  const rest = [...args];
  const words: string[] = [];
  const positionals: string[] = [];
  const total = args.length;
  let commandEnd = 0;

  // dbt's groups (`dbt` itself, `docs`, `source`) stop at their first word; a command takes options and words mixed.
  for (;;) {
    readLevel(rest, found, { kinds, command: words.join(' '), positionals: undefined, total });
    const word = rest.shift();
    if (word === undefined) break;
    words.push(word);
    commandEnd = total - rest.length;
    if (words.length > 1 || !GROUPS[engine].has(word)) {
      readLevel(rest, found, { kinds, command: words.join(' '), positionals, total });
      positionals.push(...rest);
      break;
    }
  }
  return { words, positionals, found, commandEnd };
}

function asked(found: Found): Pick<CommandLine, 'asksFor'> {
  // The first of the two in dbt's arguments wins; a map keeps the order in which its keys came.
  for (const name of found.flags.keys()) {
    if (name === 'version' || name === 'help') return { asksFor: name };
  }
  return {};
}

function named({
  values,
  lists,
  flags,
}: Found): Omit<CommandLine, 'command' | 'isKnown' | 'positionals' | 'asksFor'> {
  return dropUndefined({
    projectDir: values.get('project-dir'),
    profilesDir: values.get('profiles-dir'),
    profile: values.get('profile'),
    target: values.get('target'),
    targetPath: values.get('target-path'),
    logPath: values.get('log-path'),
    vars: values.get('vars'),
    threads: values.get('threads'),
    state: values.get('state'),
    output: values.get('output'),
    select: lists.get('select'),
    exclude: lists.get('exclude'),
    selector: values.get('selector'),
    indirectSelection: values.get('indirect-selection'),
    writeJson: flags.get('write-json'),
    quiet: flags.get('quiet'),
    fullRefresh: flags.get('full-refresh'),
    storeFailures: flags.get('store-failures'),
    compile: flags.get('compile'),
    inlineDirect: values.get('inline-direct'),
    writeCatalog: flags.get('write-catalog'),
    otelFileName: values.get('otel-file-name'),
  });
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function dropUndefined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as Defined<T>;
}

interface Level {
  readonly kinds: ReadonlyMap<string, OptionKind>;
  readonly command: string;
  /** Where words go that are no option; undefined: the first of them ends the level. */
  readonly positionals: string[] | undefined;
  /** How many arguments there are in all. */
  readonly total: number;
}

/** Takes options off the front of `rest`. */
function readLevel(rest: string[], found: Found, level: Level): void {
  for (;;) {
    const arg = rest[0];
    if (arg === undefined) return;
    if (arg === '--') {
      rest.shift();
      return;
    }
    if (arg.startsWith('-') && arg.length > 1) {
      const [from, known] = [level.total - rest.length, found.options.length];
      rest.shift();
      if (arg.startsWith('--')) readLong(arg, rest, found, level);
      else readShort(arg, rest, found, level);
      found.spans.push({ from, to: level.total - rest.length, options: found.options.slice(known) });
    } else if (level.positionals === undefined) {
      return;
    } else {
      level.positionals.push(arg);
      rest.shift();
    }
  }
}

function readLong(arg: string, rest: string[], found: Found, level: Level): void {
  const equals = arg.indexOf('=');
  const option = equals === -1 ? arg : arg.slice(0, equals);
  if (equals !== -1) rest.unshift(arg.slice(equals + 1));
  const kind = level.kinds.get(option);
  if (kind !== undefined) {
    take(kind, option, rest, found);
    return;
  }
  // An option nobody here knows, of a newer dbt or misspelt: taken for a flag, its own value gone with it.
  const values = equals === -1 ? [] : rest.splice(0, 1);
  found.options.push({ name: option, typed: option, values });
}

/** `-q`, `-tprod`, `-qxs model`: letters up to the first that takes a value, which is what follows it. */
function readShort(arg: string, rest: string[], found: Found, level: Level): void {
  for (let at = 1; at < arg.length; at += 1) {
    const option = `-${arg.charAt(at)}`;
    // The one letter with two meanings: `init -s` skips the profile.
    const kind = option === '-s' && level.command === 'init' ? undefined : level.kinds.get(option);
    if (kind === undefined) {
      found.options.push({ name: option, typed: option, values: [] });
      continue;
    }
    if (kind.takes !== 'nothing') {
      if (at + 1 < arg.length) rest.unshift(arg.slice(at + 1));
      take(kind, option, rest, found);
      return;
    }
    take(kind, option, rest, found);
  }
}

function take(kind: OptionKind, option: string, rest: string[], found: Found): void {
  if (kind.takes === 'nothing') {
    found.flags.set(kind.name, kind.means);
    found.options.push({ name: option, typed: option, values: [] });
    return;
  }
  const value = rest.shift();
  if (value === undefined) {
    found.options.push({ name: kind.name, typed: option, values: [] });
    return;
  }
  if (kind.takes === 'value') {
    found.values.set(kind.name, value);
    found.options.push({ name: kind.name, typed: option, values: [value] });
    return;
  }
  const list = found.lists.get(kind.name) ?? [];
  const words = value.split(' ');
  while (rest[0] !== undefined && !rest[0].startsWith('-')) words.push(rest.shift() as string);
  found.lists.set(kind.name, [...list, ...words]);
  found.options.push({ name: kind.name, typed: option, values: words });
}
