import { writeFile } from 'node:fs/promises';
import {
  DbtRunCacheError,
  envSecrets,
  explain,
  type RunEvent,
  type RunOptions,
  type RunResult,
  renderSummary,
  renderText,
  runDbt,
} from '../index.ts';
import { createRedactor } from '../util/redact.ts';
import { decisionLine } from './decision-line.ts';
import { exitCodeOf } from './exit-codes.ts';
import { exitSoon } from './exit-soon.ts';
import { RUN_HELP } from './help/run.ts';
import { linesAsEvents, printEvent } from './json-lines.ts';
import { problemEvent, stderrEvent, toLogEvent } from './log-event.ts';
import { rememberSignal } from './remember-signal.ts';
import { type RunArguments, readRunArguments } from './run-arguments.ts';
import { settleOptions } from './run-settings.ts';
import { tame } from './tame.ts';

/** With the options of the configuration behind those of the command line. */
type SettledRun = Omit<RunArguments, 'options'> & { readonly options: RunOptions };

/** Messages of ours, not dbt's: without them a run that waits looks like one that hangs. */
const OWN: ReadonlySet<string> = new Set([
  ...['WaitingForIdenticalRun', 'WaitingForTarget', 'InstallingDbt', 'InstallingPackages', 'ManagedState'],
]);

/** `dbt-runcache run`. @returns The exit code. */
export async function runCommand(argv: readonly string[]): Promise<number> {
  const asked = readRunArguments(argv, process.env);
  if (asked.help) {
    process.stdout.write(RUN_HELP);
    return 0;
  }
  const options = await settleOptions(asked, { cwd: process.cwd(), env: process.env });
  const given = { ...asked, options };
  // The run stops dbt on a signal by itself.
  const signals = rememberSignal();
  const result = given.logFormat === 'json' ? await runWithEvents(given) : await runInText(given);
  if (result.failure?.code === 'cancelled' || result.failure?.code === 'timed-out') exitSoon();
  return exitCodeOf(result, signals.received());
}

async function runInText({ dbtArgs, options, summaryPath, explainCache }: SettledRun): Promise<RunResult> {
  // On a terminal dbt gets it itself: it asks questions (dbt init) and prints as it would alone. What is to be
  // starred out must pass through here, though.
  const isTerminal = process.stdin.isTTY && process.stdout.isTTY && process.stderr.isTTY;
  const output = isTerminal && options.redact?.length === 0 ? 'inherit' : 'tee';
  const run = runDbt(dbtArgs, { ...options, output, reject: false });
  await printEvents(run, explainCache);
  const result = await run;
  if (!saysNothing(result)) process.stderr.write(`\n${renderText(explain(result))}`);
  const problem = await writeSummary(summaryPath, result);
  if (problem !== undefined) process.stderr.write(`${problem}\n`);
  return result;
}

/** What to know while it runs: that it waits, and, where asked, each node's decision as it falls. */
async function printEvents(events: AsyncIterable<RunEvent>, explainCache: boolean): Promise<void> {
  let adapterType: string | undefined;
  for await (const event of events) {
    if (event.kind === 'job-started') adapterType = event.adapterType;
    if (event.kind === 'dbt-message' && OWN.has(event.name)) process.stderr.write(`${tame(event.message)}\n`);
    if (explainCache && event.kind === 'node-finished')
      process.stderr.write(`${decisionLine(event, adapterType)}\n`);
  }
}

async function runWithEvents({ dbtArgs, options, summaryPath }: SettledRun): Promise<RunResult> {
  const labels = options.labels ?? {};
  const hide = createRedactor([...(options.redact ?? []), ...envSecrets(process.env)]);
  const stderr = linesAsEvents(hide.text, (line) => stderrEvent(line, labels));
  const output = { stdout: process.stdout, stderr };
  const run = runDbt(dbtArgs, { ...options, output, reject: false });
  for await (const event of run) printEvent(toLogEvent(event));
  const result = await run;
  await new Promise<void>((ended) => stderr.end(ended));
  const problem = await writeSummary(summaryPath, result);
  if (problem !== undefined) {
    printEvent(problemEvent(new DbtRunCacheError(problem, { code: 'report-unwritable' }), labels));
  }
  return result;
}

/** A command that runs no nodes, e.g. `ls` or `--help`: what there is to know, dbt has printed. */
function saysNothing({ outcome, decisions, artifactPaths, notices, dedup }: RunResult): boolean {
  return (
    outcome === 'executed' &&
    // Why the ledger had nothing for it, unless no such command has a key.
    (dedup?.kind !== 'executed' || dedup.because.kind === 'not-repeatable') &&
    decisions.length === 0 &&
    // A run that found nothing to do has written its results all the same.
    artifactPaths.runResults === undefined &&
    artifactPaths.sources === undefined &&
    notices.every(({ kind }) => kind !== 'problem')
  );
}

/** What went wrong, if anything: the run is what it is, written down or not. */
async function writeSummary(path: string | undefined, result: RunResult): Promise<string | undefined> {
  if (path === undefined) return undefined;
  try {
    await writeFile(path, renderSummary(explain(result)));
    return undefined;
  } catch (error) {
    return `The summary could not be written to ${path}: ${error instanceof Error ? error.message : error}`;
  }
}
