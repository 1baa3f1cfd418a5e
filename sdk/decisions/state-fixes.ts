import type { StateProblem } from './decision.ts';

/** What to do about each problem of dbt State: one line in the imperative, with names and commands in backticks. */
export const STATE_FIXES: Readonly<Record<StateProblem, string>> = {
  'plugin-missing': 'Install the plugin into the environment of dbt: `pip install dbt-state`.',
  'no-credentials':
    'Set `DBT_CLOUD_TOKEN` and `DBT_CLOUD_ACCOUNT_HOST`, or `DBT_ENGINE_STATE_OAUTH_CLIENT_ID` and `DBT_ENV_SECRET_STATE_OAUTH_CLIENT_SECRET`. GitHub does not pass secrets to pull requests from forks.',
  'login-failed':
    'Put a token that is still valid into `DBT_CLOUD_TOKEN`, and the host of its account into `DBT_CLOUD_ACCOUNT_HOST`.',
  'organization-refused':
    'Set `RUN_CACHE_ORG_ID`, or `state-org-id` under `dbt-cloud:` in dbt_project.yml, to an organization these credentials may use.',
  'bad-credentials':
    'Check `DBT_ENGINE_STATE_OAUTH_CLIENT_ID` and `DBT_ENV_SECRET_STATE_OAUTH_CLIENT_SECRET` (or their older names) against the values of your organization.',
  'adapter-unsupported':
    'Use a target of a supported type, or switch dbt State off for this target with `DBT_ENGINE_MANAGE_STATE=false`.',
  'service-unreachable':
    'Check that this machine can reach the State service (its address in `RUN_CACHE_API_URL`, proxy, firewall), then run again.',
  'service-errors':
    'Read what was said about the nodes, then run again; if it stays, show it to the operator of the State service.',
  'version-check-failed':
    'Run again; if it stays, show what the plugin said to the operator of the State service.',
  'client-version-refused':
    'Install a version of the plugin that the service supports: `pip install --upgrade dbt-state`.',
  'legacy-package': 'Uninstall the older package: `pip uninstall -y run-cache dbt-run-cache`.',
  'commit-timestamps-off':
    'Set `track_commit_timestamp = on` in the configuration of Postgres and restart the server.',
  declined: 'Read what the plugin said; check the account, the organization and the settings of dbt State.',
  'never-asked':
    'Check that the selection holds nodes State decides about, and that write-only mode, which asks for nothing, is off.',
};

/** Where the words of a message tell more than its problem does. */
const BY_WORDS: readonly { readonly problem: StateProblem; readonly says: RegExp; readonly fix: string }[] = [
  {
    problem: 'service-unreachable',
    says: /certificate|handshake|ssl_error/i,
    fix: 'Make this machine trust the certificate of the State service: name a file with its certificate authority in `RUN_CACHE_CA_BUNDLE` (for the API) and `REQUESTS_CA_BUNDLE` (for the login).',
  },
  {
    problem: 'service-unreachable',
    says: /login failed|authentication token|authenticate with/i,
    fix: 'Check that this machine can reach the login service (`RUN_CACHE_TOKEN_URL`, else auth.state.dbt.com; proxy, firewall), then run again. Nobody has looked at the credentials yet.',
  },
  {
    problem: 'organization-refused',
    says: /has been disabled/,
    fix: 'Ask an administrator of that organization to give this account access to dbt State again.',
  },
  {
    problem: 'organization-refused',
    says: /determine the account ID/,
    fix: 'Ask an administrator to enable dbt State for the account these credentials belong to.',
  },
  {
    problem: 'service-errors',
    says: /^(?:Failed to parse|Data validation error)/,
    fix: 'Nothing has to be done for the data: dbt ran these nodes. If it stays, show the message to the makers of dbt State.',
  },
  {
    problem: 'declined',
    says: /CA bundle/,
    fix: 'Name a file that can be read in `RUN_CACHE_CA_BUNDLE`, or unset it.',
  },
];

/**
 * What to do about a problem of dbt State.
 * @param said dbt's or the plugin's words about it: they may tell more.
 */
export function stateFix(problem: StateProblem, said = ''): string {
  const exact = BY_WORDS.find((one) => one.problem === problem && one.says.test(said));
  return exact?.fix ?? STATE_FIXES[problem];
}
