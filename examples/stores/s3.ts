// Run it twice, on any two machines: the second build takes the result of the first.
import { openStore, runDbt, withLease } from 'dbt-runcache';

const address = process.env['LEDGER'] ?? 's3://analytics-ci/ledger?region=eu-central-1';
const store = await openStore(address, { cwd: process.cwd(), env: process.env });
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
