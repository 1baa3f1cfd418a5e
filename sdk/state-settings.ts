import * as z from 'zod';
import type { DedupStore } from './dedup/store.ts';
import { DbtRunCacheError } from './errors.ts';
import { githubTokenOf } from './stores/github-addresses.ts';

const DAY = 86_400_000;
const RETENTION_MS = 90 * DAY;
/** Ten years. */
const MAX_MS = 3650 * DAY;

const Store = z.union([
  z.string().min(1),
  z.custom<DedupStore>(
    (value) => typeof (value as { read?: unknown } | null)?.read === 'function',
    'expected a store, e.g. fileStore({ dir }), or an address such as file:<folder>',
  ),
]);

export const StateSchema = z.strictObject({
  store: Store.optional(),
  managed: z.boolean().optional(),
  slim: z.union([z.boolean(), z.literal('strict')]).optional(),
  publish: z.enum(['auto', 'always', 'never']).optional(),
  environment: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/, '1 to 64 characters of A-Z a-z 0-9 . _ -')
    .optional(),
  onMissing: z.enum(['build-all', 'fail']).optional(),
  maxAge: z.number().int().positive().max(MAX_MS).optional(),
  fresherSources: z.boolean().optional(),
  retention: z.number().int().positive().max(MAX_MS).optional(),
  githubToken: z.string().min(1).optional(),
});

export const ParseCacheSchema = z.strictObject({ store: Store.optional() });

/** Managed state with every default filled in. */
export interface ManagedStateSettings {
  readonly store: DedupStore | string;
  /** Whether a state is fetched. */
  readonly isCompared: boolean;
  readonly slim: 'slim' | 'strict' | undefined;
  readonly publish: 'auto' | 'always' | 'never';
  readonly environment: string;
  readonly onMissing: 'build-all' | 'fail';
  readonly maxAgeMs: number | undefined;
  readonly fresherSources: boolean;
  readonly retentionMs: number;
  readonly githubToken: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** @throws DbtRunCacheError `invalid-options` for options that exclude each other, and without a store. */
export function resolveState(
  given: z.infer<typeof StateSchema>,
  { env, ledger }: { readonly env: Environment; readonly ledger: DedupStore | string | undefined },
): ManagedStateSettings {
  const slim = given.slim === true ? 'slim' : given.slim === 'strict' ? 'strict' : undefined;
  if (slim !== undefined && given.managed === false)
    throw excluded(
      'options.state: slim and managed: false exclude each other',
      'Leave out managed, or slim.',
    );
  return {
    store: storeOf('state', given.store ?? ledger),
    isCompared: given.managed ?? slim !== undefined,
    slim,
    publish: given.publish ?? 'auto',
    environment: given.environment ?? 'production',
    onMissing: given.onMissing ?? 'build-all',
    maxAgeMs: given.maxAge,
    fresherSources: given.fresherSources ?? false,
    retentionMs: given.retention ?? RETENTION_MS,
    githubToken: given.githubToken ?? githubTokenOf(env),
  };
}

/** @throws DbtRunCacheError `invalid-options` without a store. */
export function storeOf(
  option: 'state' | 'parseCache',
  store: DedupStore | string | undefined,
): DedupStore | string {
  if (store !== undefined) return store;
  throw excluded(
    `options.${option} needs a store`,
    `Give ${option}.store, e.g. file:<folder>, or dedup, whose store it then takes.`,
  );
}

function excluded(what: string, hint: string): DbtRunCacheError {
  return new DbtRunCacheError(what, { code: 'invalid-options', hint });
}
