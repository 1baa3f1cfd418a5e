import { isMap, isScalar, isSeq, parseDocument, Scalar } from 'yaml';
import type { PartInput } from '../../dedup/key.ts';
import { givenOptions } from '../command-line.ts';
import { DBT_YAML } from '../yaml-file.ts';
import type { FingerprintInput } from './key-inputs.ts';
import { namesSecret, shownText, slowHash } from './slow-hash.ts';

/**
 * `--vars`, variable by variable. Two writings are one value only where dbt certainly sees the same: the order of keys,
 * quotes around plain words, JSON or YAML. Numbers, dates and booleans count as they are written; a text beyond
 * what is read here counts as a whole. Of what has the name of a secret there is a slow hash.
 */
export async function varsPart({
  args,
  engine,
}: Pick<FingerprintInput, 'args' | 'engine'>): Promise<PartInput> {
  const texts = givenOptions(args, engine).flatMap(({ name, values }) => (name === 'vars' ? values : []));
  const [only] = texts;
  if (only === undefined) return { kind: 'known', items: {} };
  const items = texts.length === 1 ? await itemsOf(only) : undefined;
  return { kind: 'known', items: items ?? { [WHOLE]: await shownText('vars', JSON.stringify(texts)) } };
}

const WHOLE = 'the whole text';

class Doubt extends Error {}

async function itemsOf(text: string): Promise<Record<string, string> | undefined> {
  const document = parseDocument(text, { ...DBT_YAML, uniqueKeys: true });
  if (document.errors.length > 0 || document.warnings.length > 0) return undefined;
  if (!isMap(document.contents)) return undefined;
  let map: readonly (readonly [string, unknown])[];
  try {
    ({ map } = canonical(document.contents, text) as { readonly map: typeof map });
  } catch (error) {
    if (error instanceof Doubt) return undefined;
    throw error;
  }
  const hidden = await Promise.all(
    map.map(async ([name, value]) => [name, JSON.stringify(await hide(name, value, name))] as const),
  );
  return Object.fromEntries(hidden);
}

/** Hashes in place of secrets. Nothing canonical is called `secret`, so that no value can pass for one. */
async function hide(name: string, value: unknown, at: string): Promise<unknown> {
  if (namesSecret(name)) return { secret: await slowHash(`vars ${at}`, JSON.stringify(value)) };
  const { map, list } = value as {
    readonly map?: readonly (readonly [string, unknown])[];
    readonly list?: readonly unknown[];
  };
  if (map !== undefined)
    return {
      map: await Promise.all(
        map.map(async ([key, inner]) => [key, await hide(key, inner, `${at}.${key}`)] as const),
      ),
    };
  // What is in a list has no name of its own, but may be a map with names.
  if (list !== undefined)
    return { list: await Promise.all(list.map((inner, index) => hide('', inner, `${at}.${index}`))) };
  return value;
}

/** Plain data that is the same for the same value. */
function canonical(node: unknown, text: string): unknown {
  if (isMap(node) && node.tag === undefined && node.anchor === undefined) {
    const entries = node.items.map(({ key, value }) => [keyOf(key, text), canonical(value, text)] as const);
    return { map: entries.sort(([a], [b]) => (a < b ? -1 : 1)) };
  }
  if (isSeq(node) && node.tag === undefined && node.anchor === undefined)
    return { list: node.items.map((item) => canonical(item, text)) };
  if (node === null) return { plain: '' };
  if (isScalar(node)) return scalar(node, text);
  throw new Doubt();
}

function keyOf(key: unknown, text: string): string {
  const read = isScalar(key) ? scalar(key, text) : undefined;
  if (read === undefined || !('text' in read)) throw new Doubt();
  return read.text;
}

function scalar(node: Scalar, text: string): { readonly text: string } | { readonly plain: string } {
  const { type, value, source = '', range } = node;
  if (node.tag !== undefined || node.anchor !== undefined) throw new Doubt();
  // How lines are joined is a matter between parsers.
  if (range == null || text.slice(range[0], range[1]).includes('\n')) throw new Doubt();
  if (type === Scalar.QUOTE_DOUBLE || type === Scalar.QUOTE_SINGLE) {
    if (typeof value !== 'string') throw new Doubt();
    return { text: value };
  }
  if (type !== Scalar.PLAIN) throw new Doubt();
  return typeof value === 'string' && /^[A-Za-z_]/.test(source) ? { text: source } : { plain: source };
}
