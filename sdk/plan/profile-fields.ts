import type { Rendered } from './jinja.ts';
import type { YamlMap } from './profile-file.ts';
import { isOpenAmongSecrets, isSecretField, withoutSecrets } from './secret-fields.ts';
import { isMap } from './yaml-file.ts';

/** The fields of a target that are fit to be compared. */
export interface ProfileFields {
  /** By name, each as JSON with its keys sorted. Without secrets. */
  readonly fields: Readonly<Record<string, string>>;
  /** What was left out as a secret: fields, and places inside of fields, e.g. `secrets.0.secret`. */
  readonly secretFields: readonly string[];
  /** Fields only dbt can work out, or whose secrets cannot be told from the rest. */
  readonly unknownFields: readonly string[];
  /** The values of the secrets, as far as they can be told. */
  readonly secretValues: readonly string[];
}

/** Shorter ones stand in ordinary words. */
const MIN_SECRET_LENGTH = 8;

/**
 * @param more.secrets Further values that must not stand in a field.
 * @param more.sourceOf How a number or a boolean is written: `1e3` and `1000` are two things to dbt.
 */
export function fieldsOf(
  target: YamlMap,
  render: (text: string) => Rendered,
  more: {
    readonly secrets: readonly string[];
    readonly sourceOf: (at: readonly string[]) => string | undefined;
  },
): ProfileFields {
  const { sourceOf } = more;
  const found: string[] = [];
  for (const [name, raw] of Object.entries(target)) {
    plain(raw, [name], { render, sourceOf, hidden: [], secretFields: [], secretValues: found });
  }
  const secretFields: string[] = [];
  const hidden = [...found, ...more.secrets].filter((secret) => secret.length >= MIN_SECRET_LENGTH);
  const read = Object.entries(target).map(
    ([name, raw]) =>
      [name, plain(raw, [name], { render, sourceOf, hidden, secretFields, secretValues: [] })] as const,
  );
  return {
    fields: Object.fromEntries(
      read.flatMap(([name, one]) => (one.kind === 'value' ? [[name, JSON.stringify(one.value)]] : [])),
    ),
    secretFields,
    unknownFields: read.flatMap(([name, one]) => (one.kind === 'unknown' ? [name] : [])),
    secretValues: found,
  };
}

type Plain =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'secret' }
  | { readonly kind: 'unknown' };

interface Reading {
  readonly render: (text: string) => Rendered;
  readonly sourceOf: (at: readonly string[]) => string | undefined;
  readonly hidden: readonly string[];
  /** These two get what is left out. */
  readonly secretFields: string[];
  readonly secretValues: string[];
}

function plain(raw: unknown, at: readonly string[], reading: Reading): Plain {
  if (isMap(raw)) {
    const entries: (readonly [string, unknown])[] = [];
    for (const key of Object.keys(raw).sort()) {
      const value = plain(raw[key], [...at, key], reading);
      if (value.kind === 'unknown') return value;
      if (value.kind === 'value') entries.push([key, value.value]);
    }
    return { kind: 'value', value: Object.fromEntries(entries) };
  }
  if (Array.isArray(raw)) {
    const values: unknown[] = [];
    for (const [index, item] of raw.entries()) {
      const value = plain(item, [...at, String(index)], reading);
      if (value.kind === 'unknown') return value;
      values.push(value.kind === 'value' ? value.value : '***');
    }
    return { kind: 'value', value: values };
  }
  return scalar(raw, at, reading);
}

function scalar(raw: unknown, at: readonly string[], reading: Reading): Plain {
  const { render, hidden, secretFields, secretValues } = reading;
  if (raw === null) return { kind: 'value', value: raw };
  if (typeof raw === 'boolean') return { kind: 'value', value: asWritten(raw, at, reading) };
  if (isSecret(at)) {
    secretFields.push(at.join('.'));
    const secret = typeof raw === 'string' ? render(raw) : undefined;
    if (secret?.kind === 'value' && typeof secret.value === 'string') secretValues.push(secret.value);
    return { kind: 'secret' };
  }
  if (typeof raw === 'number') return { kind: 'value', value: asWritten(raw, at, reading) };
  if (typeof raw !== 'string') return { kind: 'unknown' };
  const rendered = render(raw);
  if (rendered.kind !== 'value') return { kind: 'unknown' };
  if (typeof rendered.value !== 'string') return { kind: 'value', value: rendered.value };
  const shown = withoutSecrets(rendered.value);
  if (shown === undefined || hidden.some((secret) => shown !== secret && shown.includes(secret)))
    return { kind: 'unknown' };
  if (shown !== rendered.value) secretFields.push(at.join('.'));
  return { kind: 'value', value: shown };
}

/** dbt may take another writing for something else: `1e3` and `y` are texts to it. */
function asWritten(raw: number | boolean, at: readonly string[], { sourceOf }: Reading): unknown {
  const source = sourceOf(at) ?? String(raw);
  return source === String(raw) ? raw : { written: source };
}

/** The innermost name decides; inside a secret only what is certainly none is none. */
function isSecret(at: readonly string[]): boolean {
  const names = at.filter((name) => !/^\d+$/.test(name));
  const last = names.at(-1) ?? '';
  if (isSecretField(last)) return true;
  return names.slice(0, -1).some(isSecretField) && !isOpenAmongSecrets(last);
}
