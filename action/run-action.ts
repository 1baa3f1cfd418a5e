import { join } from 'node:path';
import * as core from '@actions/core';
import type { ClaimHandle, RunEvent, RunOptions, RunResult } from '../sdk/index.ts';
import { annotate } from './annotations.ts';
import { guardConsole } from './guarded-console.ts';
import { type HeldSignals, holdSignals } from './held-signals.ts';
import { type ActionInputs, InputError, readInputs } from './inputs.ts';
import { appendSummary } from './job-summary.ts';
import { outputsOf, writeOutputs } from './outputs.ts';
import { findRepository } from './repository.ts';
import { rememberClaim, rememberDbt, rememberEnd, rememberRun } from './run-state.ts';
import { type ActionSettings, settle } from './settings.ts';
import { writeSummaryFile } from './summary-file.ts';
import { failureMessage } from './verdict.ts';

/** How long something left open may keep this process from ending. */
const LINGER_MS = 2000;
/** A shorter value masked in the log would star out half of it. */
const MIN_MASKED = 4;
/** Messages of the run's own, not of dbt's. */
const WAITING = new Set(['WaitingForIdenticalRun', 'WaitingForTarget']);

/** The main step: inputs, dbt, then outputs, annotations, summary and whether the step fails. */
export async function runAction(): Promise<void> {
  const signals = holdSignals();
  try {
    const workspace = process.env['GITHUB_WORKSPACE'] || process.cwd();
    const inputs = await readInputs(core.getInput, workspace, process.env);
    await runAndReport(inputs, workspace, signals);
  } catch (error) {
    if (!(error instanceof InputError)) core.debug(String(error instanceof Error ? error.stack : error));
    core.setFailed(complaint(error));
  }
  rememberEnd();
  setTimeout(() => process.exit(), LINGER_MS).unref();
}

function mask(secrets: readonly string[]): void {
  for (const secret of secrets) if (secret.trim().length >= MIN_MASKED) core.setSecret(secret);
}

async function runAndReport(inputs: ActionInputs, workspace: string, signals: HeldSignals): Promise<void> {
  // Loaded here, so that a step that fails on its inputs starts nothing big.
  const { envSecrets, explain, renderSummary } = await import('../sdk/index.ts');
  mask([...envSecrets(process.env), inputs.githubToken, ...inputs.redact]);
  const settings = await settle(inputs, workspace, process.env);
  mask(settings.options.redact ?? []);
  const result = await run(inputs.dbtArgs, settings, signals);
  const explanation = explain(result);
  const message = failureMessage(result, explanation, settings.failOn);

  const folder = result.project?.dir ?? inputs.projectDir;
  const repository = findRepository(folder, process.env);
  const markdown = (maxBytes: number): string =>
    renderSummary(explanation, {
      maxBytes,
      fileUrl: (path, line) => repository.urlOf(join(folder, path), line),
      reportPath: result.reportPath,
    });
  const summaryPath = await writeSummaryFile(result.reportPath, markdown);
  await attempt('write the outputs', () => writeOutputs(outputsOf(result, explanation, summaryPath)));
  await attempt('annotate files', () =>
    annotate(explanation, {
      mode: settings.annotations,
      pathOf: ({ path }) => repository.pathOf(join(folder, path)),
    }),
  );
  if (message !== undefined) core.setFailed(message);
  if (settings.jobSummary) {
    await attempt('write the job summary', () => appendSummary(process.env['GITHUB_STEP_SUMMARY'], markdown));
  }
}

async function run(
  dbtArgs: readonly string[],
  { options, jobSummary, note }: ActionSettings,
  signals: HeldSignals,
): Promise<RunResult> {
  const { runDbt } = await import('../sdk/index.ts');
  const title = `dbt ${dbtArgs.join(' ')}`;
  rememberRun(title, jobSummary);
  const console = guardConsole(title);
  // Others write to a ledger too: what it tells stays on one line, where no command is obeyed.
  const say = (text: string): void => {
    console.streams.stdout.write(`${text.replaceAll(/\p{Cc}+/gu, ' ')}\n`);
  };
  try {
    if (note !== undefined) say(note);
    const running = runDbt(dbtArgs, {
      ...options,
      output: console.streams,
      cancelSignal: signals.early,
      reject: false,
    });
    signals.handOver();
    for await (const event of running) {
      if (event.kind === 'dbt-started') rememberDbt(event.pid);
      if (event.kind === 'claiming') remember(event.claim, options);
      if (isWaiting(event)) say(event.message);
    }
    const result = await running;
    const why = whyNotStarted(result);
    if (why !== undefined) say(`dbt was not started: ${why}.`);
    return result;
  } finally {
    await console.release();
  }
}

/** A store of one's own, which only a program gives, dies with it. */
function remember(claim: ClaimHandle, { dedup, cwd }: RunOptions): void {
  if (typeof dedup?.store !== 'string') return;
  rememberClaim({ handle: JSON.stringify(claim), ledger: dedup.store, folder: cwd ?? process.cwd() });
}

/** Without a word of it a step that waits looks like one that hangs. */
function isWaiting(event: RunEvent): event is Extract<RunEvent, { kind: 'dbt-message' }> {
  return event.kind === 'dbt-message' && WAITING.has(event.name);
}

/** The end of a sentence for the log, where a run has no output of dbt's. */
function whyNotStarted({ dedup }: RunResult): string | undefined {
  if (dedup === undefined || dedup.kind === 'executed') return undefined;
  const { run } = dedup;
  const at = run === undefined ? '' : ` (${run.url ?? `${run.host}, process ${run.pid}`})`;
  return dedup.kind === 'replayed'
    ? `an identical run${at} has the result`
    : `an identical run${at} is in flight`;
}

/** With what to do about it, which errors of the SDK have apart. */
function complaint(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { hint } = error as { hint?: unknown };
  return typeof hint === 'string' ? `${error.message}\n${hint}` : error.message;
}

/** The step's result is dbt's result: what cannot be reported is a warning. */
async function attempt(what: string, action: () => void | Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    core.warning(`Could not ${what}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
