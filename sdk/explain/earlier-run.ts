import type { EarlierRun } from '../dedup/dedup-report.ts';
import type { Phrase } from './explanation.ts';
import { instant } from './format.ts';
import { webAddress, words } from './phrase.ts';

/** An earlier run as a reader finds it: its address where it has one, else its machine and process. */
export function finishedRun(run: EarlierRun, what: string): readonly Phrase[] {
  const when =
    run.finishedAt === undefined
      ? `began at ${instant(run.startedAt)}`
      : `finished at ${instant(run.finishedAt)}`;
  return runThat(when, run, what);
}

/** The same of a run that is still at it. */
export function runInFlight(run: EarlierRun, what: string): readonly Phrase[] {
  return runThat(`began at ${instant(run.startedAt)}`, run, what);
}

function runThat(when: string, { host, pid, url: given }: EarlierRun, what: string): readonly Phrase[] {
  const url = webAddress(given);
  return url === undefined
    ? [words(`${what} that ${when} (process ${pid} on ${host})`)]
    : [{ text: `${what} that ${when}`, url }];
}
