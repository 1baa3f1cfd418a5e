import { join } from 'node:path';
import * as core from '@actions/core';
import type { RunOptions, RunResult } from '../sdk/index.ts';
import { annotate } from './annotations.ts';
import { attempt } from './attempt.ts';
import { claimPhase } from './claim-phase.ts';
import { finishPhase } from './finish-phase.ts';
import { followRun, whyItRan, whyNotStarted } from './follow-run.ts';
import { type HeldSignals, holdSignals } from './held-signals.ts';
import { type ActionInputs, InputError, readInputs } from './inputs.ts';
import { appendSummary } from './job-summary.ts';
import { outputsOf, writeOutputs } from './outputs.ts';
import { type Phase, readPhase } from './phase.ts';
import { findRepository } from './repository.ts';
import { rememberEnd, rememberOpenClaim } from './run-state.ts';
import { type ActionSettings, settle } from './settings.ts';
import { writeSummaryFile } from './summary-file.ts';
import { failureMessage } from './verdict.ts';

/** How long something left open may keep this process from ending. */
const LINGER_MS = 2000;
/** A shorter value masked in the log would star out half of it. */
const MIN_MASKED = 4;

/** The main step: inputs, dbt, then outputs, annotations, summary and whether the step fails. */
export async function runAction(): Promise<void> {
  const signals = holdSignals();
  try {
    const workspace = process.env['GITHUB_WORKSPACE'] || process.cwd();
    const inputs = await readInputs(core.getInput, workspace, process.env);
    await runAndReport(inputs, readPhase(core.getInput), workspace, signals);
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

async function runAndReport(
  inputs: ActionInputs,
  phase: Phase,
  workspace: string,
  signals: HeldSignals,
): Promise<void> {
  // Loaded here, so that a step that fails on its inputs starts nothing big.
  const { envSecrets } = await import('../sdk/index.ts');
  mask([...envSecrets(process.env), inputs.githubToken, ...inputs.redact]);
  const settings = await settle(inputs, workspace, process.env);
  mask(settings.options.redact ?? []);
  checkLedger(phase, settings.options);
  if (phase.kind === 'finish') return finishPhase(phase, inputs.dbtArgs, settings, signals);
  const result = await (phase.kind === 'claim' ? claimPhase : run)(inputs.dbtArgs, settings, signals);
  for (const warning of settings.warnings) core.warning(warning);
  if (result !== undefined) await report(result, { inputs, phase, settings });
}

/** Three jobs have nothing to tell each other without one. */
function checkLedger(phase: Phase, { dedup }: RunOptions): void {
  if (dedup !== undefined || phase.kind === 'whole' || (phase.kind === 'finish' && phase.claim === ''))
    return;
  throw new InputError([`Input phase is ${phase.kind} and there is no ledger: add dedup: auto.`]);
}

async function report(
  result: RunResult,
  {
    inputs,
    phase,
    settings,
  }: { readonly inputs: ActionInputs; readonly phase: Phase; readonly settings: ActionSettings },
): Promise<void> {
  const { explain, renderSummary } = await import('../sdk/index.ts');
  const explanation = explain(result);
  const message = failureMessage(result, explanation, settings.failOn);
  const why = whyItRan(result, explanation);
  if (why !== undefined) core.info(why);

  const folder = result.project?.dir ?? inputs.projectDir;
  const repository = findRepository(folder, process.env);
  const markdown = (maxBytes: number): string =>
    renderSummary(explanation, {
      maxBytes,
      fileUrl: (path, line) => repository.urlOf(join(folder, path), line),
      reportPath: result.reportPath,
    });
  const summaryPath = await writeSummaryFile(result.reportPath, markdown);
  const outputs = outputsOf(result, explanation, summaryPath);
  // The last of three jobs goes by this word alone: a step that fails must not leave one that lets it pass.
  const isFailed = phase.kind === 'claim' && message !== undefined;
  await attempt('write the outputs', () =>
    writeOutputs(isFailed ? { ...outputs, outcome: 'failed' } : outputs),
  );
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
  settings: ActionSettings,
  signals: HeldSignals,
): Promise<RunResult> {
  const { runDbt } = await import('../sdk/index.ts');
  const result = await followRun<RunResult>(dbtArgs, settings, {
    signals,
    start: (shared) => runDbt(dbtArgs, { ...settings.options, ...shared, reject: false }),
    lastWords: whyNotStarted,
  });
  if (isClaimOpen(result)) rememberOpenClaim();
  return result;
}

/** Whether the ledger may still hold the claim of a run that left no record. */
function isClaimOpen({ dedup, outcome }: RunResult): boolean {
  if (outcome !== 'failed') return dedup?.kind === 'executed' && dedup.record === 'unknown';
  return dedup === undefined || (dedup.kind === 'executed' && dedup.record !== 'kept');
}

/** With what to do about it, which errors of the SDK have apart. */
function complaint(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { hint } = error as { hint?: unknown };
  return typeof hint === 'string' ? `${error.message}\n${hint}` : error.message;
}
