import { type Token, tokenize } from './jinja-tokens.ts';
import {
  applyFilter,
  applyMethod,
  giveUp,
  isTrue,
  type JinjaValue,
  pythonEquals,
  pythonText,
  type Rendered,
  Stop,
  UNKNOWN,
} from './jinja-values.ts';

export interface JinjaContext {
  /** The value of an environment variable; `unknown` when it cannot be told or must not be read. */
  readonly variable: (name: string) => { readonly value: string } | 'unset' | 'unknown';
  /** What `--vars` gives; undefined when that could not be read. */
  readonly vars: Readonly<Record<string, unknown>> | undefined;
  /** Fields of `target`, where dbt knows it already. */
  readonly target?: Readonly<Record<string, JinjaValue>> | undefined;
}

/** The value of one Jinja expression. */
export function evaluate(expression: string, context: JinjaContext): Rendered {
  const tokens = tokenize(expression);
  if (tokens === undefined) return UNKNOWN;
  try {
    const reader = createReader(tokens);
    const lazy = readCondition(reader, context);
    if (reader.peek() !== undefined) return UNKNOWN;
    const value = lazy();
    return typeof value === 'string' ? { kind: 'value', value } : typed(value, tokens);
  } catch (stop) {
    if (stop instanceof Stop) return stop.outcome;
    throw stop;
  }
}

/**
 * What Jinja can work out beforehand it turns into text: `{{ 4 }}` is '4', `{{ env_var('X') | int }}` a number. With
 * parts of both kinds it depends on Jinja's optimizer.
 */
function typed(value: JinjaValue, tokens: readonly Token[]): Rendered {
  const words = tokens.flatMap((token) => (token.kind === 'name' ? [token.text] : []));
  if (words.some((word) => CALLS.has(word))) {
    return words.includes('if') || words.includes('or') || words.includes('and')
      ? UNKNOWN
      : { kind: 'value', value };
  }
  const isLate = words.some((word) => word.startsWith('as_')) || tokens.some((token) => token.text === '.');
  return isLate ? UNKNOWN : { kind: 'value', value: pythonText(value) };
}

const CALLS = new Set(['env_var', 'var', 'target']);

interface Reader {
  peek(): Token | undefined;
  /** Takes the next token when it is this symbol or word. */
  accept(text: string): boolean;
  next(): Token | undefined;
}

function createReader(tokens: readonly Token[]): Reader {
  let at = 0;
  return {
    peek: () => tokens[at],
    accept: (text) => {
      const token = tokens[at];
      if (token === undefined || token.kind === 'string' || token.text !== text) return false;
      at += 1;
      return true;
    },
    next: () => tokens[at++],
  };
}

// Jinja reads both branches of a condition and works out one: the other may name a variable that is not set.
type Lazy = () => JinjaValue;

function readCondition(reader: Reader, context: JinjaContext): Lazy {
  const whenTrue = readOr(reader, context);
  if (!reader.accept('if')) return whenTrue;
  const test = readOr(reader, context);
  if (!reader.accept('else')) return giveUp();
  const whenFalse = readCondition(reader, context);
  return () => (isTrue(test()) ? whenTrue() : whenFalse());
}

function readOr(reader: Reader, context: JinjaContext): Lazy {
  let left = readAnd(reader, context);
  while (reader.accept('or')) {
    const first = left;
    const second = readAnd(reader, context);
    left = () => {
      const value = first();
      return isTrue(value) ? value : second();
    };
  }
  return left;
}

function readAnd(reader: Reader, context: JinjaContext): Lazy {
  let left = readNot(reader, context);
  while (reader.accept('and')) {
    const first = left;
    const second = readNot(reader, context);
    left = () => {
      const value = first();
      return isTrue(value) ? second() : value;
    };
  }
  return left;
}

function readNot(reader: Reader, context: JinjaContext): Lazy {
  if (reader.accept('not')) {
    const inner = readNot(reader, context);
    return () => !isTrue(inner());
  }
  const left = readConcat(reader, context);
  const isEqual = reader.accept('==');
  if (!isEqual && !reader.accept('!=')) return left;
  const right = readConcat(reader, context);
  return () => pythonEquals(left(), right()) === isEqual;
}

function readConcat(reader: Reader, context: JinjaContext): Lazy {
  let left = readPrimary(reader, context);
  for (;;) {
    const joins = reader.accept('~');
    if (!joins && !reader.accept('+')) return left;
    const first = left;
    const second = readPrimary(reader, context);
    left = () => {
      const [a, b] = [first(), second()];
      if (joins) return pythonText(a) + pythonText(b);
      if (typeof a === 'string' && typeof b === 'string') return a + b;
      return giveUp();
    };
  }
}

function readPrimary(reader: Reader, context: JinjaContext): Lazy {
  let value = readAtom(reader, context);
  let isFiltered = false;
  for (;;) {
    const isFilter = reader.accept('|');
    if (!isFilter && !reader.accept('.')) return value;
    // A filter's name may itself hold dots: `x | trim.upper()` names a filter there is none of.
    if (!isFilter && isFiltered) return giveUp();
    isFiltered = isFilter;
    const name = reader.next();
    if (name?.kind !== 'name') return giveUp();
    const hasArguments = reader.accept('(');
    if (!isFilter && !hasArguments) return giveUp();
    const args = hasArguments ? readArguments(reader, context) : [];
    const inner = value;
    const apply = isFilter ? applyFilter : applyMethod;
    value = () =>
      apply(
        name.text,
        inner(),
        args.map((arg) => arg()),
      );
  }
}

function readArguments(reader: Reader, context: JinjaContext): Lazy[] {
  const args: Lazy[] = [];
  if (reader.accept(')')) return args;
  do args.push(readCondition(reader, context));
  while (reader.accept(','));
  return reader.accept(')') ? args : giveUp();
}

const CONSTANTS: ReadonlyMap<string, JinjaValue> = new Map<string, JinjaValue>([
  ['true', true],
  ['True', true],
  ['false', false],
  ['False', false],
  ['none', null],
  ['None', null],
]);

function readAtom(reader: Reader, context: JinjaContext): Lazy {
  if (reader.accept('(')) {
    const inner = readCondition(reader, context);
    return reader.accept(')') ? inner : giveUp();
  }
  const token = reader.next();
  if (token === undefined) return giveUp();
  if (token.kind === 'string') return () => token.text;
  if (token.kind === 'number') return () => Number(token.text);
  if (token.kind !== 'name') return giveUp();
  const constant = CONSTANTS.get(token.text);
  if (constant !== undefined) return () => constant;
  if (token.text === 'env_var' || token.text === 'var') {
    if (!reader.accept('(')) return giveUp();
    const args = readArguments(reader, context);
    const call = token.text === 'var' ? callVar : callEnvVar;
    return () => call(args, context);
  }
  if (token.text === 'target' && reader.accept('.')) {
    const field = reader.next();
    const name = field?.text ?? '';
    return () =>
      context.target !== undefined && Object.hasOwn(context.target, name)
        ? (context.target[name] ?? null)
        : giveUp();
  }
  return giveUp();
}

function callEnvVar(args: readonly Lazy[], context: JinjaContext): JinjaValue {
  const [nameOf, defaultOf] = args;
  const name = nameOf?.();
  if (typeof name !== 'string' || args.length > 2) return giveUp();
  const fallback = defaultOf?.() ?? null;
  const found = context.variable(name);
  if (found === 'unknown') return giveUp();
  if (found !== 'unset') return found.value;
  if (fallback !== null) return fallback;
  throw new Stop({ kind: 'missing', variable: name });
}

function callVar(args: readonly Lazy[], context: JinjaContext): JinjaValue {
  const [nameOf, defaultOf] = args;
  const name = nameOf?.();
  if (typeof name !== 'string' || args.length > 2 || context.vars === undefined) return giveUp();
  if (!Object.hasOwn(context.vars, name)) return defaultOf === undefined ? giveUp() : defaultOf();
  const value = context.vars[name];
  // A variable's own text is a template again.
  if (typeof value === 'string') return /\{[{%#]/.test(value) ? giveUp() : value;
  return typeof value === 'number' || typeof value === 'boolean' ? value : giveUp();
}
