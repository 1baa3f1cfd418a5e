import { writeFile } from 'node:fs/promises';
import {
  DbtRunCacheError,
  envSecrets,
  explain,
  type RunEvent,
  type RunResult,
  renderSummary,
  renderText,
  runDbt,
} from '../index.ts';
import { createRedactor } from '../util/redact.ts';
import { decisionLine } from './decision-line.ts';
import { exitCodeOf } from './exit-codes.ts';
import { RUN_HELP } from './help.ts';
import { linesAsEvents, printEvent } from './json-lines.ts';
import { problemEvent, stderrEvent, toLogEvent } from './log-event.ts';
import { rememberSignal } from './remember-signal.ts';
import { type RunArguments, readRunArguments } from './run-arguments.ts';
import { settleOptions } from './run-settings.ts';

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
  return exitCodeOf(result, signals.received());
}

async function runInText({ dbtArgs, options, summaryPath, explainCache }: RunArguments): Promise<RunResult> {
  // On a terminal dbt gets it itself: it asks questions (dbt init) and prints as it would alone. What is to be
  // starred out must pass through here, though.
  const isTerminal = process.stdin.isTTY && process.stdout.isTTY && process.stderr.isTTY;
  const output = isTerminal && options.redact?.length === 0 ? 'inherit' : 'tee';
  const run = runDbt(dbtArgs, { ...options, output, reject: false });
  if (explainCache) await printDecisions(run);
  const result = await run;
  if (!saysNothing(result)) process.stderr.write(`\n${renderText(explain(result))}`);
  const problem = await writeSummary(summaryPath, result);
  if (problem !== undefined) process.stderr.write(`${problem}\n`);
  return result;
}

/** Each node's decision as it falls. */
async function printDecisions(events: AsyncIterable<RunEvent>): Promise<void> {
  let adapterType: string | undefined;
  for await (const event of events) {
    if (event.kind === 'job-started') adapterType = event.adapterType;
    if (event.kind === 'node-finished') process.stderr.write(`${decisionLine(event, adapterType)}\n`);
  }
}

async function runWithEvents({ dbtArgs, options, summaryPath }: RunArguments): Promise<RunResult> {
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
function saysNothing({ outcome, decisions, artifactPaths, notices }: RunResult): boolean {
  return (
    outcome === 'executed' &&
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
