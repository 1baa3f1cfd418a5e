// Run it twice on one machine: the second build takes the result of the first.
import { runDbt, withLease } from 'dbt-runcache';
import { fileStore } from 'dbt-runcache/stores/file';

const store = fileStore({ dir: '.ledger' });
try {
  // What the data is, nobody can see from outside: it counts as you say it.
  const data = { version: process.env['DATA_VERSION'] ?? '2026-11-21' };
  const { outcome, dedup } = await runDbt(['build'], { output: 'silent', dedup: { store, data } });
  console.log(dedup?.kind === 'executed' ? `${outcome}: ${dedup.because.kind}` : outcome);

  // The same store keeps anything else from being done twice at the same time.
  const publish = async (lost: AbortSignal) => {
    if (!lost.aborted) console.log('publishing alone');
  };
  await withLease(store, 'publish docs', publish, { waitMs: 60_000 });
} finally {
  await store.close();
}
