// Run it twice, on any two machines: the second build takes the result of the first.
import { runDbt, withLease } from 'dbt-runcache';
import { redisStore } from 'dbt-runcache/stores/redis';

// The URL with its password stands in a variable: rediss://user:password@host:6379/0
const store = redisStore({ urlEnv: 'REDIS_URL', prefix: 'analytics' });
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
