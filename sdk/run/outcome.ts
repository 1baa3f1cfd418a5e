import type { NodeDecision, StateStatus } from '../decisions/decision.ts';
import type { EngineKind } from '../plan/engine-kind.ts';
import type { RunFailure } from '../result.ts';
import type { RuntimeEnd } from '../runtimes/runtime.ts';
import { withoutState } from './required-state.ts';

const TAIL_LINES = 40;
const NAMED_NODES = 3;

export interface OutcomeInput {
  readonly end: RuntimeEnd;
  readonly decisions: readonly NodeDecision[];
  /** Whether the command runs nodes at all: an exit code 1 then means that some failed. */
  readonly runsNodes: boolean;
  /** Whether dbt itself was heard, by its events or its results: a Python that cannot load dbt ends with 1 as well. */
  readonly wasHeard: boolean;
  /** What dbt itself named as the error that ended it, redacted. */
  readonly mainErrors: readonly string[];
  /** The end of what dbt printed, redacted. */
  readonly outputTail: string;
  readonly timeoutMs: number | undefined;
  /** What became of dbt State, where the run was to fail without it. */
  readonly requiredState?: { readonly state: StateStatus; readonly engine: EngineKind } | undefined;
}

/**
 * Why a run is no success; undefined when it is one. dbt's exit code decides, never our own reading; only a dbt that
 * succeeded is asked whether the State it was to run with was active.
 */
export function failureOf(input: OutcomeInput): RunFailure | undefined {
  const { end } = input;
  if (end.exitCode === 0 && (end.stopCause === undefined || isComplete(input))) {
    return input.requiredState === undefined
      ? undefined
      : withoutState(input.requiredState.state, input.requiredState.engine);
  }
  if (end.stopCause !== undefined) return stopped(input);
  if (end.exitCode === undefined || end.exitCode > 128) return crashed(input);
  const failed = input.decisions.filter((decision) => decision.failed);
  if (failed.length > 0) return { code: 'nodes-failed', message: nodesFailed(failed) };
  // dbt Core ends with 2 for an error of its own; to dbt v2 every failure is 1.
  if (end.exitCode === 1 && input.runsNodes && input.wasHeard && mainMessage(input) === undefined) {
    return {
      code: 'nodes-failed',
      message: 'dbt says that the run failed; which nodes failed could not be read',
      ...outputTail(input),
    };
  }
  return {
    code: 'dbt-failed',
    message: mainMessage(input) ?? `dbt ended with exit code ${end.exitCode}`,
    ...(input.wasHeard ? {} : { hint: 'Read the end of what it printed.' }),
    ...outputTail(input),
  };
}

/** A stop can come too late to change anything. A program that ends well when interrupted proves nothing. */
function isComplete({ decisions, wasHeard }: OutcomeInput): boolean {
  return wasHeard && decisions.every((decision) => decision.action !== 'interrupted');
}

function stopped({ end, timeoutMs }: OutcomeInput): RunFailure {
  if (end.stopCause === 'timed-out') {
    return {
      code: 'timed-out',
      message: `dbt was stopped after the timeout of ${(timeoutMs ?? 0) / 1000} s`,
      hint: 'Raise the timeout, select fewer nodes, or use more threads.',
    };
  }
  return {
    code: 'cancelled',
    message:
      end.stopCause === 'signal'
        ? 'dbt was stopped because this process was asked to end'
        : 'dbt was stopped because the caller cancelled the run',
  };
}

function crashed(input: OutcomeInput): RunFailure {
  const how = input.end.signal ?? `exit code ${input.end.exitCode}`;
  const isKill = input.end.signal === 'SIGKILL' || input.end.exitCode === 137;
  return {
    code: 'dbt-crashed',
    message: `dbt was ended from outside (${how})`,
    ...(isKill
      ? { hint: 'The usual cause is too little memory: use fewer threads or a larger machine.' }
      : {}),
    ...outputTail(input),
  };
}

function nodesFailed(failed: readonly NodeDecision[]): string {
  const names = failed.slice(0, NAMED_NODES).map((decision) => decision.name);
  const more = failed.length - names.length;
  const count = failed.length === 1 ? '1 node failed' : `${failed.length} nodes failed`;
  return `${count}: ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function mainMessage({ mainErrors, wasHeard, outputTail: tail }: OutcomeInput): string | undefined {
  const first = mainErrors.find((error) => error.trim() !== '');
  return first?.trim() ?? (wasHeard ? undefined : refusal(tail));
}

/** What a dbt that did not even begin says of its command line: the one line that matters, among its usage. */
function refusal(tail: string): string | undefined {
  return /^error: .*\S/im.exec(tail)?.[0].replace(/^error: /i, '');
}

function outputTail({ outputTail: tail }: OutcomeInput): { outputTail?: string } {
  const lines = tail.trimEnd().split('\n');
  const text = lines.slice(-TAIL_LINES).join('\n');
  return text === '' ? {} : { outputTail: text };
}
