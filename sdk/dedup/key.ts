import { digestOf } from './names.ts';
import type { KeyPart } from './record.ts';

/** What one part of a key is made of: names and values, or why it cannot be known. */
export type PartInput =
  | {
      readonly kind: 'known';
      readonly items: Readonly<Record<string, string>>;
      /** What of it takes no part, by name, and why; e.g. secrets. */
      readonly leftOut?: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'unknown'; readonly why: string };

/** Parts by name, e.g. `code`, `vars`, `engine`. */
export type KeyInputs = Readonly<Record<string, PartInput>>;

export type DerivedKey =
  | { readonly kind: 'derived'; readonly text: string; readonly parts: readonly KeyPart[] }
  /** Without every part there is no key: what is not known is never taken to be unchanged. */
  | {
      readonly kind: 'underivable';
      readonly parts: readonly KeyPart[];
      readonly unknown: readonly { readonly part: string; readonly why: string }[];
    };

/** Of an item's value: enough to tell two apart, too little to guess a value from. */
const ITEM_DIGITS = 16;

/** Every input of a run as one key. Values leave no trace in it but their digests. */
export function deriveKey(inputs: KeyInputs): DerivedKey {
  const names = Object.keys(inputs).sort();
  const parts = names.map((name) => partOf(name, inputs[name] as PartInput));
  const unknown = names.flatMap((part) => {
    const input = inputs[part];
    return input?.kind === 'unknown' ? [{ part, why: input.why }] : [];
  });
  if (unknown.length > 0) return { kind: 'underivable', parts, unknown };
  return {
    kind: 'derived',
    parts,
    text: digestOf(lines(parts.map(({ name, digest }) => [name, digest ?? '']))),
  };
}

function partOf(name: string, input: PartInput): KeyPart {
  if (input.kind === 'unknown') return { name, digest: null };
  const values = Object.entries(input.items).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    name,
    digest: digestOf(lines(values)),
    items: Object.fromEntries(
      values.map(([item, value]) => [item, digestOf(`${name}\0${item}\0${value}`).slice(0, ITEM_DIGITS)]),
    ),
  };
}

/** JSON keeps what is a name and what a value apart, whatever characters they hold. */
function lines(pairs: readonly (readonly [string, string])[]): string {
  return JSON.stringify(pairs);
}

/** One thing that differs between two runs. */
export interface KeyDifference {
  readonly part: string;
  readonly how: 'changed' | 'added' | 'removed' | 'unknown';
  /** e.g. a file's path; absent where only the part as a whole is known to differ. */
  readonly item?: string;
}

/** How this run's parts differ from those of another, item by item where both kept them. */
export function compareParts(ours: readonly KeyPart[], theirs: readonly KeyPart[]): readonly KeyDifference[] {
  const names = [...new Set([...ours, ...theirs].map(({ name }) => name))].sort();
  const differences = names.flatMap((part): readonly KeyDifference[] => {
    const [mine, other] = [ours, theirs].map((parts) => parts.find(({ name }) => name === part));
    if (mine?.digest === null || other?.digest === null) return [{ part, how: 'unknown' as const }];
    if (mine?.digest === other?.digest) return [];
    if (mine?.items === undefined || other?.items === undefined) return [{ part, how: 'changed' as const }];
    return compareItems(part, mine.items, other.items);
  });
  // A variable that dbt and a driver read stands in two parts.
  const variables = new Set(
    differences.flatMap(({ part, item }) => (part === 'env' ? [`variable ${item}`] : [])),
  );
  return differences.filter(({ part, item }) => part !== 'profile' || !variables.has(item ?? ''));
}

function compareItems(
  part: string,
  ours: Readonly<Record<string, string>>,
  theirs: Readonly<Record<string, string>>,
): readonly KeyDifference[] {
  const items = [...new Set([...Object.keys(ours), ...Object.keys(theirs)])].sort();
  return items.flatMap((item): readonly KeyDifference[] => {
    const [mine, other] = [ours[item], theirs[item]];
    if (mine === other) return [];
    return [{ part, item, how: other === undefined ? 'added' : mine === undefined ? 'removed' : 'changed' }];
  });
}
