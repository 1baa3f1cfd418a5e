import type {
  ClaimHandle,
  Explanation,
  OutputStreams,
  RunEvent,
  RunOptions,
  RunResult,
} from '../sdk/index.ts';
import { ofUnknown, wordsOf } from './annotations.ts';
import { guardConsole } from './guarded-console.ts';
import type { HeldSignals } from './held-signals.ts';
import { rememberClaim, rememberDbt, rememberedClaim, rememberRun } from './run-state.ts';
import type { ActionSettings } from './settings.ts';

/** Messages of the run's own, not of dbt's. */
const OWN = new Set([
  ...['WaitingForIdenticalRun', 'WaitingForTarget', 'InstallingDbt', 'InstallingPackages', 'ManagedState'],
]);

export interface FollowedRun<T> {
  readonly signals: HeldSignals;
  readonly start: (shared: {
    readonly output: OutputStreams;
    readonly cancelSignal: AbortSignal;
  }) => Promise<T> & AsyncIterable<RunEvent>;
  /** For the log, where dbt prints nothing. */
  readonly lastWords: (answer: T) => string | undefined;
}

/** Follows a run in a group of the log, and notes what the post step has to know should this process be killed. */
export async function followRun<T>(
  dbtArgs: readonly string[],
  { options, jobSummary, note }: ActionSettings,
  { signals, start, lastWords }: FollowedRun<T>,
): Promise<T> {
  const title = `dbt ${dbtArgs.join(' ')}`;
  rememberRun(title, jobSummary);
  const console = guardConsole(title);
  const say = (text: string): void => {
    console.streams.stdout.write(`${onOneLine(text)}\n`);
  };
  try {
    if (note !== undefined) say(note);
    const running = start({ output: console.streams, cancelSignal: signals.early });
    signals.handOver();
    for await (const event of running) {
      if (event.kind === 'dbt-started') rememberDbt(event.pid);
      if (event.kind === 'claiming') remember(event.claim, options);
      if (isOwn(event)) say(event.message);
    }
    const answer = await running;
    const words = lastWords(answer);
    if (words !== undefined) say(words);
    return answer;
  } finally {
    await console.release();
  }
}

function remember(claim: ClaimHandle, options: RunOptions): void {
  const remembered = rememberedClaim(claim, options);
  if (remembered !== undefined) rememberClaim(remembered);
}

/** Without a word of it a step that waits or installs looks like one that hangs, and nobody knows what dbt was given. */
function isOwn(event: RunEvent): event is Extract<RunEvent, { kind: 'dbt-message' }> {
  return event.kind === 'dbt-message' && OWN.has(event.name);
}

/** A sentence for the log, where a run has no output of dbt's. */
export function whyNotStarted({ dedup }: RunResult): string | undefined {
  if (dedup === undefined || dedup.kind === 'executed') return undefined;
  const { run } = dedup;
  const at = run === undefined ? '' : ` (${run.url ?? `${run.host}, process ${run.pid}`})`;
  const why =
    dedup.kind === 'replayed' ? `an identical run${at} has the result` : `an identical run${at} is in flight`;
  return `dbt was not started: ${why}.`;
}

/** Why dbt ran although there is a ledger, and whether that has the result now, for the log; undefined for any other run. */
export function whyItRan({ dedup: told }: RunResult, { dedup, facts }: Explanation): string | undefined {
  if (told?.kind !== 'executed' || dedup?.kind !== 'executed') return undefined;
  // `Ledger` where dbt did not even start.
  const title = dedup.title === 'Why it ran' ? 'Why dbt ran' : dedup.title;
  const isSaid = told.record === 'kept' && told.because.kind !== 'distrusted';
  const record = facts.find(({ key }) => key === 'ledger-record')?.value;
  const sentences = [wordsOf(dedup.lead), ...ofUnknown(dedup), ...(isSaid ? [] : [record ?? ''])];
  return onOneLine(`${title}: ${sentences.join(' ')}`.trim());
}

/** Others write to a ledger too: what it tells stays on one line, where no command is obeyed. */
function onOneLine(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ');
}
