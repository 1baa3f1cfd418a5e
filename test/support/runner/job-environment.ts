import { join } from 'node:path';

export interface Job {
  readonly workspace: string;
  readonly runnerTemp: string;
  readonly eventPath: string;
  /** Of the workflow run. */
  readonly runNumber: number;
}

const REPOSITORY = 'acme/bike-hire';
const SHA = '6f1c1d6a0d5b7f3f0f7f0c6f5e2b9a4d3c2b1a09';
const REF = 'refs/pull/12/merge';
const FIRST_RUN_ID = 1658821490;

/** The `github` context that expressions in action.yml may name. */
export const GITHUB_CONTEXT: Readonly<Record<string, string>> = {
  repository: REPOSITORY,
  sha: SHA,
  ref: REF,
  token: 'ghs_not_a_real_token',
};

/** The payload of the pull request that the job runs for. */
export const EVENT = {
  action: 'synchronize',
  number: 12,
  pull_request: { number: 12, head: { sha: SHA, ref: 'cheaper-rides' }, base: { ref: 'main' } },
  repository: { full_name: REPOSITORY },
};

/** Where GitHub shows a workflow run. */
export function addressOfRun(runNumber: number): string {
  return `https://github.com/${REPOSITORY}/actions/runs/${FIRST_RUN_ID + runNumber}/attempts/1`;
}

/** What the runner sets for every step of a job on a pull request. */
export function jobEnvironment(job: Job): Record<string, string> {
  return {
    CI: 'true',
    GITHUB_ACTIONS: 'true',
    GITHUB_ACTION: '__self',
    GITHUB_ACTOR: 'octocat',
    GITHUB_API_URL: 'https://api.github.com',
    GITHUB_BASE_REF: 'main',
    GITHUB_EVENT_NAME: 'pull_request',
    GITHUB_EVENT_PATH: job.eventPath,
    GITHUB_GRAPHQL_URL: 'https://api.github.com/graphql',
    GITHUB_HEAD_REF: 'cheaper-rides',
    GITHUB_JOB: 'dbt',
    GITHUB_REF: REF,
    GITHUB_REF_NAME: '12/merge',
    GITHUB_REF_PROTECTED: 'false',
    GITHUB_REF_TYPE: 'branch',
    GITHUB_REPOSITORY: REPOSITORY,
    GITHUB_REPOSITORY_ID: '1',
    GITHUB_REPOSITORY_OWNER: 'acme',
    GITHUB_REPOSITORY_OWNER_ID: '1',
    GITHUB_RETENTION_DAYS: '90',
    GITHUB_RUN_ATTEMPT: '1',
    GITHUB_RUN_ID: String(FIRST_RUN_ID + job.runNumber),
    GITHUB_RUN_NUMBER: String(job.runNumber),
    GITHUB_SERVER_URL: 'https://github.com',
    GITHUB_SHA: SHA,
    GITHUB_TRIGGERING_ACTOR: 'octocat',
    GITHUB_WORKFLOW: 'dbt',
    GITHUB_WORKFLOW_REF: `${REPOSITORY}/.github/workflows/dbt.yml@${REF}`,
    GITHUB_WORKFLOW_SHA: SHA,
    GITHUB_WORKSPACE: job.workspace,
    RUNNER_ARCH: process.arch === 'arm64' ? 'ARM64' : 'X64',
    RUNNER_ENVIRONMENT: 'github-hosted',
    RUNNER_NAME: 'GitHub Actions 1',
    RUNNER_OS: { darwin: 'macOS', win32: 'Windows' }[process.platform as string] ?? 'Linux',
    RUNNER_TEMP: job.runnerTemp,
    RUNNER_TOOL_CACHE: join(job.runnerTemp, 'tool-cache'),
    // For actions in JavaScript alone; nothing listens there. Project code must never see these.
    ACTIONS_RUNTIME_TOKEN: 'not-a-real-runtime-token',
    ACTIONS_RESULTS_URL: 'http://127.0.0.1:9/',
    ACTIONS_CACHE_URL: 'http://127.0.0.1:9/',
    ACTIONS_CACHE_SERVICE_V2: 'true',
    ACTIONS_CACHE_MODE: 'write',
  };
}
