import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { DedupStore } from '../../sdk/dedup/store.ts';
import { bringState } from '../../sdk/state-archive/bring-state.ts';
import type { StateIndex, StatePlace } from '../../sdk/state-archive/kept-state.ts';
import { leaveState } from '../../sdk/state-archive/leave-state.ts';
import { readStates } from '../../sdk/state-archive/read-index.ts';
import { leaving, leavingRun, PLACE, RETAIN, runAt, sha, stateAt } from '../sdk/state-archive/kept.ts';

const PUBLISHERS = 6;

/** What every store does for kept states. */
export function stateContract(name: string, open: () => DedupStore): void {
  const anywhere = (): StatePlace => ({ ...PLACE, repository: randomBytes(8).toString('hex') });
  const indexAt = async (place: StatePlace): Promise<StateIndex> => {
    const answer = await readStates(open(), place);
    return answer.kind === 'read' ? answer.index : expect.unreachable(JSON.stringify(answer));
  };

  describe(`kept states: ${name}`, () => {
    test('what one leaves another brings back, byte for byte', async () => {
      const place = anywhere();
      expect(await readStates(open(), place)).toEqual({ kind: 'absent' });
      const manifest = Buffer.from(
        JSON.stringify({
          metadata: { project_name: place.project },
          text: randomBytes(300_000).toString('hex'),
        }),
      );
      const values = { variables: { day: 'a1' }, environment: {} };
      const sources = Buffer.from('{"results": []}');
      const state = { state: stateAt(1), contents: { manifest, sources, values } };
      const left = await leaveState(open(), place, { state, ...leavingRun(runAt(1)) }, RETAIN);
      expect(left).toEqual({ kind: 'left', isNewest: true, lastRunTaken: true });
      const { states, lastRun } = await indexAt(place);
      const folder = await mkdtemp(join(tmpdir(), 'brought-'));
      onTestFinished(() => rm(folder, { recursive: true }));
      const [kept] = states;
      if (kept === undefined) return expect.unreachable('no state');
      const brought = await bringState(open(), kept, lastRun, folder, { project: place.project });
      if (brought.kind !== 'brought') return expect.unreachable(brought.detail);
      expect(brought.values).toEqual(values);
      expect(await readFile(brought.manifestPath)).toEqual(manifest);
      expect(await readFile(brought.sourcesPath ?? '')).toEqual(sources);
      expect(JSON.parse(await readFile(brought.runResultsPath ?? '', 'utf8'))).toMatchObject({ results: [] });
    });

    test('of publishers at the same moment all are kept, the newest commit first', async () => {
      const place = anywhere();
      const commits = Array.from({ length: PUBLISHERS }, (_, at) => at + 1);
      const answers = await Promise.all(
        commits.map((at) => leaveState(open(), place, leaving(stateAt(at)), RETAIN)),
      );
      expect(answers.map(({ kind }) => kind)).toEqual(commits.map(() => 'left'));
      const { states } = await indexAt(place);
      expect(states.map(({ commit }) => commit)).toEqual(commits.toReversed().map(sha));
    });

    test('who comes last with an older commit takes nobody’s place', async () => {
      const place = anywhere();
      for (const at of [2, 1]) {
        const left = await leaveState(
          open(),
          place,
          { ...leaving(stateAt(at)), ...leavingRun(runAt(at)) },
          RETAIN,
        );
        expect(left).toEqual({ kind: 'left', isNewest: at === 2, lastRunTaken: at === 2 });
      }
      const { states, lastRun } = await indexAt(place);
      expect(states.map(({ commit }) => commit)).toEqual([sha(2), sha(1)]);
      expect(lastRun?.commit).toBe(sha(2));
    });
  });
}
