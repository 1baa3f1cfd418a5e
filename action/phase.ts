import type { JobResult } from '../sdk/index.ts';
import { InputError } from './inputs.ts';

/** Which part of a run the step is to do. */
export type Phase =
  | { readonly kind: 'whole' }
  | { readonly kind: 'claim' }
  | {
      readonly kind: 'finish';
      /** The output `claim` of the claiming job; empty where it claimed nothing. */
      readonly claim: string;
      /** The output `outcome` of that job; empty where it came to none. */
      readonly outcome: string;
      readonly result: JobResult;
    };

const RESULTS: readonly JobResult[] = ['success', 'failure', 'cancelled', 'skipped'];
// biome-ignore lint/suspicious/noTemplateCurlyInString: as it is written in a workflow.
const RESULT = '${{ needs.build.result }}';

/**
 * The inputs that are about a run in three jobs. Whatever a job before handed on is text that may be wrong; only what no
 * workflow that is written right can give is an error here.
 * @throws InputError
 */
export function readPhase(get: (name: string) => string): Phase {
  const kind = get('phase');
  const given = (['claim', 'outcome', 'result'] as const).filter((name) => get(name) !== '');
  if (kind === 'finish') {
    const result = RESULTS.find((one) => one === get('result'));
    if (result === undefined) {
      throw new InputError([
        `Input result is ${JSON.stringify(get('result').slice(0, 100))}: give the result of the job that runs dbt, ${RESULT}, which is one of ${RESULTS.join(', ')}.`,
      ]);
    }
    return { kind, claim: get('claim'), outcome: get('outcome'), result };
  }
  if (kind !== '' && kind !== 'claim') {
    throw new InputError([
      `Input phase is ${JSON.stringify(kind.slice(0, 100))}: give claim or finish, or leave it out for a run in one job.`,
    ]);
  }
  const [first] = given;
  if (first !== undefined)
    throw new InputError([
      `Input ${first} is for the last of three jobs: add phase: finish, or leave it out.`,
    ]);
  return { kind: kind === '' ? 'whole' : kind };
}
