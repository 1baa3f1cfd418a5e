import type { RunKey } from '../../dedup/coordinator.ts';
import { looksLikeSecret } from '../../dedup/look-like-secret.ts';
import { envSecrets } from '../../plan/environment.ts';
import type { RunContext } from '../run-context.ts';
import { digestOfKey } from './identify.ts';

/** The key as reports show it: a given one by its text, unless that looks like a secret. */
export function shownKey(
  run: RunContext,
  key: RunKey,
): { readonly kind: RunKey['kind']; readonly digest: string; readonly text?: string } {
  const text = key.kind === 'given' && !isSecret(run, key.text) ? run.clean(key.text) : undefined;
  return { kind: key.kind, digest: digestOfKey(key.text), ...(text === undefined ? {} : { text }) };
}

/** A key is no place for a secret: people with access to the ledger see it. */
export function warnOfSecret(run: RunContext, key: RunKey): void {
  if (key.kind !== 'given' || !isSecret(run, key.text)) return;
  run.notices.push({
    kind: 'warning',
    name: 'idempotency-key-looks-secret',
    message:
      'The idempotency key looks like a secret; it is shown nowhere, and the ledger keeps its digest alone',
    hint: 'Name the run by what it is, e.g. the delivery of a webhook or a commit with a job.',
    count: 1,
  });
}

function isSecret(run: RunContext, text: string): boolean {
  return looksLikeSecret(text, [...run.options.redact, ...envSecrets(run.options.env)]);
}
