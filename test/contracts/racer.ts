import { randomUUID } from 'node:crypto';
import { coordinate } from '../../sdk/dedup/coordinator.ts';
import { defaultPolicy } from '../../sdk/dedup/policy.ts';
import { openStore, type StoreAddress } from './open-store.ts';

/** One process of a race: told a key, it claims it, runs or replays, and says what it did. */
export interface RaceOrder {
  readonly key: string;
  /** Whether the one that executes says so and then hangs, until it is killed. */
  readonly hang: boolean;
  readonly leaseMs: number;
}

export interface RaceNews {
  readonly key: string;
  readonly did: 'executing' | 'executed' | 'replayed' | 'failed';
  readonly token?: string;
  readonly attempt?: number;
  readonly error?: string;
}

const store = openStore(JSON.parse(process.argv[2] ?? '') as StoreAddress);
const tell = (news: RaceNews): void => void process.send?.(news);

process.on('message', (order: RaceOrder) => {
  void race(order).catch((error: unknown) => tell({ key: order.key, did: 'failed', error: String(error) }));
});
tell({ key: '', did: 'replayed' });

async function race({ key, hang, leaseMs }: RaceOrder): Promise<void> {
  const producer = { host: 'racer', pid: process.pid, startedAt: '', labels: {}, command: 'build' };
  const answer = await coordinate({
    store,
    key: { kind: 'derived', text: key, parts: [] },
    policy: { ...defaultPolicy(true), leaseMs, heartbeatMs: leaseMs / 4 },
    producer,
    token: randomUUID(),
    targets: [`target of ${key}`],
    writes: true,
    distrust: async () => undefined,
    fetch: async () => undefined,
    signal: new AbortController().signal,
    onWait: () => undefined,
  });
  if (answer.kind === 'replay') {
    tell({ key, did: 'replayed', token: answer.record.token });
    return;
  }
  if (answer.kind !== 'proceed') throw new Error(answer.kind);
  const { claim } = answer;
  if (!claim.owns) throw new Error(JSON.stringify(answer.because));
  tell({ key, did: 'executing', token: claim.token, attempt: claim.attempt });
  if (hang) return;
  const finished = await claim.finish({
    result: 'succeeded',
    producer,
    finishedAt: '',
    wallMs: 0,
    exitCode: 0,
    bundle: { sha256: 'a'.repeat(64), bytes: 0 },
    files: [{ path: 'dbt_runcache_report.json', sha256: 'a'.repeat(64), bytes: 0 }],
  });
  if (finished !== 'done') throw new Error(`finish: ${finished}`);
  tell({ key, did: 'executed', token: claim.token });
}
