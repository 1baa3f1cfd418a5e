import { leaveState } from '../../../sdk/state-archive/leave-state.ts';
import { fileStore } from '../../../sdk/stores/file.ts';
import { leaving, leavingRun, PLACE, RETAIN, runAt, stateAt } from './kept.ts';

/** One process of a race: told a round, it leaves the state of its own commit in it. */
const [dir = '', number = ''] = process.argv.slice(2);
const store = fileStore({ dir });

process.on('message', (round: number) => {
  const place = { ...PLACE, environment: `round ${round}` };
  const at = Number(number);
  leaveState(store, place, { ...leaving(stateAt(at)), ...leavingRun(runAt(at)) }, RETAIN).then(
    (answer) => process.send?.(answer),
    (error: unknown) => process.send?.({ kind: 'failed', why: String(error) }),
  );
});
process.send?.({ kind: 'ready' });
