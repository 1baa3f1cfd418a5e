import { isBranchName } from '../../util/git-names.ts';

/** Where CI systems name the branch that a pull request will go into. */
const VARIABLES = [
  'CI_MERGE_REQUEST_TARGET_BRANCH_NAME',
  'BITBUCKET_PR_DESTINATION_BRANCH',
  'SYSTEM_PULLREQUEST_TARGETBRANCH',
  'BUILDKITE_PULL_REQUEST_BASE_BRANCH',
  'CHANGE_TARGET',
];

/** The branch that a pull request will go into, where a CI system other than GitHub Actions says that this is one. */
export function targetBranchOf(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const named = VARIABLES.map((name) => env[name]).find((value) => value !== undefined && value !== '');
  const branch = named?.replace(/^refs\/heads\//, '');
  return isBranchName(branch) ? branch : undefined;
}
