import type { FinishedRun } from '../sdk/index.ts';
import type { Phase } from './phase.ts';

type Finish = Extract<Phase, { readonly kind: 'finish' }>;

/** Whether the last job may be green, as the check that a pull request waits for. */
export interface FinishVerdict {
  /** The output `outcome`. */
  readonly outcome: 'executed' | 'replayed' | 'skipped-in-flight' | 'failed';
  /** Why the step fails; undefined where it does not. */
  readonly failure?: string;
}

const IF_CLAIMED =
  "if: needs.claim.outputs.outcome == 'claimed' && needs.claim.outputs.run-attempt == github.run_attempt";

/** Of a run that was claimed: green when dbt ran, and the report of that very run proves it. */
export function verdictOnClaimed({ outcome }: Finish, { outcome: found, why }: FinishedRun): FinishVerdict {
  if (outcome !== 'claimed') {
    return failed(
      `The job that asks the ledger left a claim, and its outcome is ${quote(outcome)} rather than claimed: hand both outputs on, claim and outcome.`,
    );
  }
  return found === 'built'
    ? { outcome: 'executed' }
    : failed(`${why ?? 'dbt did not run'}.`.replace(/\.\.$/, '.'));
}

/**
 * Of a run of which no claim came here: green when an identical run had passed. That no job ran dbt proves nothing by
 * itself, so it has to be the word of the job that asked the ledger.
 * @param maySkip Whether no pull request waits for the check.
 */
export function verdictWithoutClaim({ outcome, result }: Finish, maySkip: boolean): FinishVerdict {
  const isSkip = outcome === 'skipped-in-flight';
  if (outcome === 'replayed' || isSkip) {
    if (result !== 'skipped') {
      return failed(
        `dbt did not have to run (${outcome}), and the job that runs it was started all the same (${result}), where the ledger does not see what it writes: give that job \`${IF_CLAIMED}\`.`,
      );
    }
    if (!isSkip || maySkip) return { outcome };
    return failed(
      'An identical run is in flight, and this one has no result: a pull request may wait for this check.',
    );
  }
  switch (outcome) {
    case 'claimed':
      return failed(
        'dbt had to run, and the claim did not come here: hand the output claim on. GitHub drops an output in which it finds a secret, and says so in the log of that job.',
      );
    case 'failed':
      return failed('The job that asks the ledger failed; its log and summary say why.');
    case '':
      return failed(
        'The job that asks the ledger came to no end: it failed early, was cancelled, or its output outcome was not handed on.',
      );
    default:
      return failed(`The job that asks the ledger left the outcome ${quote(outcome)}, which is none.`);
  }
}

function failed(failure: string): FinishVerdict {
  return { outcome: 'failed', failure };
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}
