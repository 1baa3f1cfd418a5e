// Two identical builds in one process, at the same time: one runs, the other takes its result.
import { runDbt, withLease } from 'dbt-runcache';
import { memoryStore } from 'dbt-runcache/stores/memory';

const store = memoryStore();
try {
  // What the data is, nobody can see from outside: it counts as you say it.
  const build = () =>
    runDbt(['build'], { output: 'silent', dedup: { store, data: { version: '2026-11-21' } } });
  const results = await Promise.all([build(), build()]);
  console.log(
    results
      .map(({ outcome }) => outcome)
      .sort()
      .join(' and '),
  );

  // The same store keeps anything else from being done twice at the same time.
  const publish = (who: string) =>
    withLease(store, 'publish docs', async () => console.log(`${who} publishes alone`), { waitMs: 60_000 });
  await Promise.all([publish('one'), publish('the other')]);
} finally {
  await store.close();
}
