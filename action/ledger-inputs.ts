import type { CallDedup, LedgerConfig } from '../sdk/index.ts';

/** The inputs about the ledger that have the name of a key of the configuration. */
export const LEDGER_KEYS = [
  ...(['dedup-store', 'data', 'data-version', 'durable-target', 'dedup-on', 'on-in-flight'] as const),
  ...(['in-flight-wait', 'on-unavailable', 'on-mismatch', 'retention', 'lease', 'key-env'] as const),
  ...(['key-ignore', 'restore-compiled'] as const),
] satisfies readonly (keyof LedgerConfig)[];

export type LedgerValues = Pick<LedgerConfig, (typeof LEDGER_KEYS)[number]>;

/** What the input `dedup` says. Undefined: nothing, so that the configuration decides. */
export type DedupInput =
  | { readonly kind: 'off' }
  | { readonly kind: 'auto' }
  | { readonly kind: 'key'; readonly key: string };

/** The inputs about the ledger, checked. */
export interface LedgerInputs {
  readonly dedup: DedupInput | undefined;
  readonly values: LedgerValues;
}

/** Where the ledger lives unless somebody says otherwise: every job can have it. */
const DEFAULT_STORE = 'actions-cache:';
const MAX_KEY = 512;

export function parseDedup(value: string): DedupInput | undefined {
  if (value === '') return undefined;
  if (value === 'off' || value === 'auto') return { kind: value };
  // A key named Off would keep a ledger that somebody wanted off.
  const word = value.toLowerCase();
  if (word === 'off' || word === 'auto') throw new Error(`write it in lower case: ${word}`);
  if (/^(?:true|false|on|yes|no|none)$/.test(word)) {
    throw new Error(`give off, auto, or a key of your own, which ${value} hardly is`);
  }
  if ([...value].length > MAX_KEY) throw new Error(`a key has at most ${MAX_KEY} characters`);
  return { kind: 'key', key: value };
}

/**
 * What is wrong with the inputs together, as sentences.
 * @param hasStore Whether the configuration names a ledger.
 */
export function ledgerProblems({ dedup, values }: LedgerInputs, hasStore: boolean): readonly string[] {
  const given = LEDGER_KEYS.filter((key) => values[key] !== undefined);
  const problems: string[] = [];
  if (values.data !== undefined && values['data-version'] !== undefined)
    problems.push('Inputs data and data-version exclude each other; keep one of the two.');
  const [first] = given;
  const isIdle = dedup === undefined && (!hasStore || values['dedup-store'] !== undefined);
  if (isIdle && first !== undefined)
    problems.push(`Input ${first} is given and dedup is not, so there is no ledger: add dedup: auto.`);
  return problems;
}

/** Where the ledger lives when there is one; states and the parse cache go there without it too. */
export function ledgerStore(values: LedgerValues, configured: string | undefined): string {
  const named = values['dedup-store'] ?? configured;
  return named === undefined || named === 'none' ? DEFAULT_STORE : named;
}

/** As the call says it; `configured`: the ledger of the configuration, if any. */
export async function dedupCall(
  { dedup, values }: LedgerInputs,
  configured: string | undefined,
): Promise<CallDedup | undefined> {
  if (dedup?.kind === 'off') return { store: 'none' };
  const { ledgerCall } = await import('../sdk/index.ts');
  if (dedup === undefined) return ledgerCall(values);
  return {
    ...ledgerCall(values),
    store: ledgerStore(values, configured),
    ...(dedup.kind === 'key' ? { idempotencyKey: dedup.key } : {}),
  };
}
