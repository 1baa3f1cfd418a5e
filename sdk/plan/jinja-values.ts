export type JinjaValue = string | number | boolean | null;

export type Rendered =
  | { readonly kind: 'value'; readonly value: JinjaValue }
  /** dbt will fail: the variable is required and not set. */
  | { readonly kind: 'missing'; readonly variable: string }
  /** Only dbt can tell. */
  | { readonly kind: 'unknown' };

export const UNKNOWN: Rendered = { kind: 'unknown' };

/** Thrown inside to leave the descent; never leaves evaluate(). */
export class Stop extends Error {
  readonly outcome: Rendered;
  constructor(outcome: Rendered) {
    super();
    this.outcome = outcome;
  }
}

export function giveUp(): never {
  throw new Stop(UNKNOWN);
}

export function applyFilter(name: string, value: JinjaValue, args: readonly JinjaValue[]): JinjaValue {
  if (name === 'default' || name === 'd') {
    // An undefined name never gets this far; only the second form replaces what is merely empty.
    return args[1] !== undefined && isTrue(args[1]) && !isTrue(value) ? (args[0] ?? giveUp()) : value;
  }
  if (name === 'replace') return applyMethod('replace', value, args);
  if (args.length > 0) return giveUp();
  switch (name) {
    case 'as_text':
    case 'string':
      return pythonText(value);
    case 'upper':
    case 'lower':
      return applyMethod(name, pythonText(value), args);
    case 'trim':
      return applyMethod('strip', pythonText(value), args);
    case 'int':
      if (typeof value === 'boolean') return value ? 1 : 0;
      if (typeof value === 'number') return Math.trunc(value);
      // Jinja makes 0 of what is no number.
      return typeof value === 'string' && /^\s*[+-]?\d{1,15}\s*$/.test(value) ? Number(value) : giveUp();
    case 'as_number':
    case 'as_native':
    case 'as_bool':
      return literal(name, value);
    default:
      return giveUp();
  }
}

/** dbt reads these as a Python literal at the end; only the plain ones are read here. */
function literal(filter: string, value: JinjaValue): JinjaValue {
  if (typeof value !== 'string') return value;
  if (filter !== 'as_bool' && /^[+-]?(0|[1-9]\d{0,14})$/.test(value)) return Number(value);
  if (filter !== 'as_number' && (value === 'True' || value === 'False')) return value === 'True';
  if (filter === 'as_native' && /^[A-Za-z][\w-]*$/.test(value) && value !== 'None') return value;
  return giveUp();
}

export function applyMethod(name: string, value: JinjaValue, args: readonly JinjaValue[]): JinjaValue {
  if (typeof value !== 'string') return giveUp();
  const [first, second] = args;
  if (name === 'replace' && args.length === 2 && typeof first === 'string' && typeof second === 'string') {
    return value.replaceAll(first, () => second);
  }
  if (args.length > 0) return giveUp();
  switch (name) {
    case 'upper':
      return value.toUpperCase();
    case 'lower':
      return value.toLowerCase();
    case 'strip':
      return value.trim();
    default:
      return giveUp();
  }
}

export function isTrue(value: JinjaValue): boolean {
  return value !== null && value !== '' && value !== 0 && value !== false;
}

export function pythonEquals(a: JinjaValue, b: JinjaValue): boolean {
  const plain = (value: JinjaValue): JinjaValue => (typeof value === 'boolean' ? Number(value) : value);
  return plain(a) === plain(b);
}

/** A value as Python prints it. */
export function pythonText(value: JinjaValue): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return String(value);
}
