import type { DedupOptions } from './dedup/dedup-options.ts';
import { type ResolvedOptions, type RunOptions, resolveOptions } from './options.ts';
import { stopGrace } from './run/dedup/begin.ts';
import { digestOfKey, type Identity, identify } from './run/dedup/identify.ts';
import { makePlan } from './run/make-plan.ts';
import { beginRun, type RunContext } from './run/run-context.ts';
import { openStore } from './stores/open-store.ts';
import { optional } from './util/optional.ts';
import { unlessAborted } from './util/waiting.ts';

/** Options of `runKey()`: those of a run, without the need for a store. */
export type RunKeyOptions = Omit<RunOptions, 'dedup'> & {
  readonly dedup?: Partial<DedupOptions> | undefined;
};

/** What one part of a key is made of. */
export interface KeyPartDescription {
  /** E.g. `code`, `vars`, `warehouse`. */
  readonly name: string;
  /** Hex; null when it could not be known. */
  readonly digest: string | null;
  /** Why it is not known; absent where it is. */
  readonly why?: string;
  /** Its items in order: files with the digest of their content, everything else as it is written, secrets as `***`. */
  readonly items: readonly { readonly name: string; readonly value: string }[];
  /** What of it takes no part, and why; e.g. secrets. */
  readonly leftOut: readonly { readonly name: string; readonly why: string }[];
}

/** The key of a run, without running it. */
export interface RunKeyDescription {
  /** `none`: no key can be derived: parts are not known, or the command has none. */
  readonly kind: 'given' | 'derived' | 'none';
  /** Names it in the ledger, hex; absent where there is none. */
  readonly digest?: string;
  /** Why there is none: whole sentences; empty where there is one. */
  readonly why: readonly string[];
  readonly parts: readonly KeyPartDescription[];
  /** The warehouse target it writes to, as text; absent where it has none, or it is not known. */
  readonly target?: string;
}

/**
 * The key that `runDbt()` would use for the same arguments and options, and what it is made of. Nothing is run, but
 * for `data: 'sources'`, which asks dbt for the freshness of the sources.
 * @throws DbtRunCacheError as `runDbt()` does before it starts dbt.
 */
export async function runKey(
  args: readonly string[],
  options: RunKeyOptions = {},
): Promise<RunKeyDescription> {
  const { dedup, ...others } = options;
  const resolved = resolveOptions(args, { ...others, dedup: { ...dedup, store: 'memory:' } });
  const settings = resolved.options.dedup;
  if (settings === undefined) throw new Error('a store was given');
  const run = beginRun(resolved.args, resolved.options, () => undefined);
  try {
    const plan = await makePlan(run);
    const folder = await folderOf(dedup?.store, resolved.options);
    const { state, parseCache } = resolved.options;
    for (const store of [state?.store, parseCache]) {
      const other = await folderOf(store, resolved.options);
      if (other !== undefined) run.storeFolders.push(other);
    }
    const identifying = identify(run, plan, settings, folder);
    return describe(run, await unlessAborted(run.stops.signal, identifying, stopGrace(run, settings)));
  } finally {
    run.stops.dispose();
  }
}

/** A ledger in the project's folder is no input. */
async function folderOf(
  store: DedupOptions['store'] | undefined,
  place: Pick<ResolvedOptions, 'cwd' | 'env'>,
): Promise<string | undefined> {
  if (typeof store !== 'string') return store?.folder;
  // Nothing is connected to until something is asked.
  return (await openStore(store, place)).folder;
}

function describe(run: RunContext, { key, inputs, target }: Identity): RunKeyDescription {
  const parts = key.kind === 'not-repeatable' ? [] : key.parts;
  const described = parts.map(({ name, digest }): KeyPartDescription => {
    const input = inputs[name];
    const known = input?.kind === 'known' ? input : undefined;
    return {
      name,
      digest,
      ...(input?.kind === 'unknown' ? { why: run.clean(input.why) } : {}),
      items: Object.entries(known?.items ?? {})
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([item, value]) => ({ name: run.clean(item), value: run.clean(value) })),
      leftOut: Object.entries(known?.leftOut ?? {}).map(([item, why]) => ({ name: run.clean(item), why })),
    };
  });
  const shown = {
    parts: described,
    ...optional('target', target === undefined ? undefined : run.clean(target)),
  };
  switch (key.kind) {
    case 'given':
    case 'derived':
      return { kind: key.kind, digest: digestOfKey(key.text), why: [], ...shown };
    case 'not-repeatable':
      return { kind: 'none', why: [key.why], ...shown };
    case 'none':
      return {
        kind: 'none',
        why: key.unknown.map(({ part, why }) => run.clean(`${part}: ${why}`)),
        ...shown,
      };
  }
}
