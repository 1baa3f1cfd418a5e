/** Id of the Action's step. */
export const STEP_ID = 'dbt';
/** Where repositories keep actions of their own. */
export const ACTION_FOLDER = '.github/actions/dbt-runcache';

export interface ActWorkflow {
  /** As under `with:`. */
  readonly with: Readonly<Record<string, string>>;
  /** How many jobs a matrix makes of it, all at once. Default 1, without a matrix. */
  readonly jobs?: number;
  /** Steps between the checkout and the Action's. */
  readonly before?: readonly Readonly<Record<string, unknown>>[];
  /** Steps after the Action's, whose id is `dbt`. */
  readonly after?: readonly Readonly<Record<string, unknown>>[];
}

/** A workflow of one job or a matrix. `runner`: what the job's runner is called. */
export function workflowFile(
  { with: inputs, jobs = 1, before = [], after = [] }: ActWorkflow,
  runner: string,
): object {
  const strategy = {
    'fail-fast': false,
    'max-parallel': jobs,
    matrix: { shard: Array.from({ length: jobs }, (_, at) => at + 1) },
  };
  return {
    name: 'dbt',
    on: ['push', 'pull_request'],
    jobs: {
      build: {
        'runs-on': 'ubuntu-latest',
        ...(jobs === 1 ? {} : { strategy }),
        // GitHub's runner always says its name; act does not.
        env: { RUNNER_NAME: jobs === 1 ? runner : `${runner} \${{ matrix.shard }}` },
        steps: [
          { uses: 'actions/checkout@v4' },
          ...before,
          { id: STEP_ID, uses: `./${ACTION_FOLDER}`, with: inputs },
          ...after,
        ],
      },
    },
  };
}
