import type { StateProblem, StateStatus, StateTrouble } from './decision.ts';
import type { DecisionLog } from './decision-log.ts';
import { given } from './json-access.ts';
import type { Observations } from './observed.ts';
import { soundsUnreachable } from './state-messages.ts';

export interface StateStatusInput {
  /** dbt's subcommand as words, e.g. `docs generate`. */
  readonly command: string;
  readonly observations: Observations;
  readonly decisionLog?: DecisionLog | undefined;
  readonly eventsAvailable: boolean;
  readonly pluginInstalled?: string | null | undefined;
  readonly stateSwitchedOffBy?: string | undefined;
  readonly stateWanted?: boolean | undefined;
  /** How many results say themselves that State reused or cloned, e.g. with the message `NO-OP`. */
  readonly resultsByState?: number | undefined;
  /** Whether a node ran to an end that an active State would have been asked about. */
  readonly eligibleRan?: boolean | undefined;
  /** The last lines dbt printed: some failures are told nowhere else. */
  readonly outputTail?: string | undefined;
}

/** Commands for which the plugin asks the service what to do with nodes. `retry` is one of them when it redoes one. */
const ASKING = new Set(['run', 'build', 'seed', 'snapshot', 'test', 'retry']);

/** What is known of dbt State in this run. Texts are not redacted yet. */
export function stateStatus(input: StateStatusInput): StateStatus {
  const { observations, pluginInstalled } = input;
  const { announced } = observations.state;
  const version = observations.state.version ?? (pluginInstalled === null ? undefined : pluginInstalled);
  const fatal = fatalTrouble(input);
  const troubles = observations.state.troubles;

  if (announced === 'disabled')
    return { kind: 'disabled', ...given('version', version), ...given('by', input.stateSwitchedOffBy) };
  if (fatal !== undefined) return { kind: 'inactive', ...given('version', version), trouble: fatal };
  const asks = ASKING.has(input.command);
  const off = troubles.find((trouble) => trouble.off);
  if (asks && off !== undefined)
    return { kind: 'inactive', ...given('version', version), trouble: asTrouble(off) };

  const proof = proofOf(input);
  if (proof !== undefined) {
    return { kind: 'active', ...given('version', version), proof, troubles: troubles.map(asTrouble) };
  }
  if (!asks) return { kind: 'not-applicable', ...given('version', version) };
  const worst = worstOf(troubles);
  if (worst !== undefined)
    return { kind: 'inactive', ...given('version', version), trouble: asTrouble(worst) };

  if (announced === undefined) {
    if (pluginInstalled === null) return absent(input);
    if (input.stateSwitchedOffBy !== undefined) {
      return { kind: 'disabled', ...given('version', version), by: input.stateSwitchedOffBy };
    }
    if (!input.eventsAvailable) return { kind: 'unknown', why: "dbt's events could not be read" };
    if (observations.dbtVersion === undefined)
      return { kind: 'unknown', why: 'dbt ended before it said anything' };
    if (pluginInstalled !== undefined) {
      return { kind: 'unknown', why: 'dbt ended before the State plugin announced itself' };
    }
    // An adapter is registered after the plugins have loaded, so silence until then means there is none.
    return observations.adapterType === undefined
      ? { kind: 'unknown', why: 'dbt ended before a State plugin would have announced itself' }
      : absent(input);
  }
  if (announced === 'installed') return { kind: 'not-applicable', ...given('version', version) };
  if (input.eligibleRan !== true) {
    return { kind: 'not-applicable', ...given('version', version), why: whyNotAsked(input) };
  }
  return {
    kind: 'inactive',
    ...given('version', version),
    trouble: {
      problem: 'never-asked',
      fix:
        observations.adapterType === 'postgres'
          ? `${FIX['never-asked']} On Postgres views are always built.`
          : FIX['never-asked'],
    },
  };
}

/** dbt asks State when it comes to a node, so a run that came to none tells nothing of State. */
function whyNotAsked({ observations }: StateStatusInput): string {
  if (observations.selectedCount === 0) return 'No node ran, so dbt State was not asked.';
  for (const { started } of observations.nodes.values()) {
    if (started)
      return 'No node that dbt State decides about ran to its end, so what it would have said is not known.';
  }
  return 'dbt ended before it asked dbt State.';
}

function absent(input: StateStatusInput): StateStatus {
  if (input.stateWanted !== true) return { kind: 'absent' };
  return {
    kind: 'inactive',
    trouble: {
      problem: 'plugin-missing',
      fix: FIX['plugin-missing'],
    },
  };
}

function proofOf({ observations, decisionLog, resultsByState = 0 }: StateStatusInput): string | undefined {
  const { answers, firstAnswer } = observations.state;
  if (answers > 0) return `${counted(answers, 'answer')} of the service, first: ${firstAnswer}`;
  const decided = decisionLog?.entries.filter((entry) => entry.decisionId !== undefined).length ?? 0;
  if (decided > 0) return `${counted(decided, 'decision')} of the service in the plugin's decision log`;
  // The plugin prints what it saved only when it has reused something.
  if (observations.savings !== undefined)
    return `dbt State reported savings on ${counted(observations.savings.nodes, 'node')}`;
  if (resultsByState > 0) return `${counted(resultsByState, 'result')} only State writes`;
  return undefined;
}

function counted(count: number, thing: string): string {
  return `${count} ${count === 1 ? thing : `${thing}s`}`;
}

/** Failures that end dbt before any node is looked at. They come as dbt's own error, not as a State message. */
function fatalTrouble(input: StateStatusInput): StateTrouble | undefined {
  const { mainErrors, state } = input.observations;
  const words = [...mainErrors, ...(input.outputTail === undefined ? [] : [input.outputTail])];
  const saying = (part: string | RegExp): string | undefined => {
    for (const text of words) {
      const line = text
        .split('\n')
        .find((candidate) => (typeof part === 'string' ? candidate.includes(part) : part.test(candidate)));
      if (line !== undefined) return line.trim();
    }
    return undefined;
  };
  const legacy = saying(/cannot run while the legacy package\(s\)/);
  if (legacy !== undefined) return trouble('legacy-package', legacy);
  const refused = saying(/Client version .* is not supported/);
  if (refused !== undefined) return trouble('client-version-refused', refused);
  const login = saying('Error logging in with client credentials');
  if (login !== undefined) {
    // The plugin blames the credentials too when nobody answered; only its debug message tells the two apart.
    const unreachable = state.loginFailed !== undefined && soundsUnreachable(state.loginFailed);
    return unreachable
      ? trouble('service-unreachable', `${login} (${state.loginFailed})`)
      : trouble('bad-credentials', login);
  }
  const crash = mainErrors.map(pluginCrash).find((said) => said !== undefined);
  if (crash !== undefined) return trouble('declined', crash);
  return undefined;
}

/**
 * The last line of a traceback that ends inside the plugin. Errors of dbt pass through the plugin as well, since it
 * wraps what runs nodes, and so does the signal that stops dbt.
 */
function pluginCrash(text: string): string | undefined {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const innermost = lines.findLast((line) => /^\s*File "/.test(line));
  const said = lines.at(-1)?.trim();
  if (innermost === undefined || said === undefined || said.startsWith('KeyboardInterrupt')) return undefined;
  return /[\\/](dbt_state|dbt_run_cache)[\\/]/.test(innermost) ? said : undefined;
}

const WORST_FIRST: readonly StateProblem[] = [
  'commit-timestamps-off',
  'service-unreachable',
  'declined',
  'service-errors',
];

function worstOf(
  troubles: Observations['state']['troubles'],
): Observations['state']['troubles'][number] | undefined {
  return WORST_FIRST.map((problem) => troubles.find((one) => one.problem === problem)).find(
    (one) => one !== undefined,
  );
}

function asTrouble(facts: Observations['state']['troubles'][number]): StateTrouble {
  const said = facts.count === 1 ? facts.said : `${facts.said} (and ${facts.count - 1} more like it)`;
  return { ...trouble(facts.problem, said), ...(facts.nodes.length === 0 ? {} : { nodes: facts.nodes }) };
}

function trouble(problem: StateProblem, said: string): StateTrouble {
  return { problem, said, fix: FIX[problem] };
}

const FIX: Readonly<Record<StateProblem, string>> = {
  'plugin-missing': 'Install the plugin into the environment of dbt: pip install dbt-state.',
  'no-credentials':
    'Set DBT_CLOUD_TOKEN and DBT_CLOUD_ACCOUNT_HOST, or DBT_ENGINE_STATE_OAUTH_CLIENT_ID and DBT_ENV_SECRET_STATE_OAUTH_CLIENT_SECRET. GitHub does not pass secrets to pull requests from forks.',
  'engine-unsupported': 'Use an adapter and a dbt that dbt State supports.',
  'login-failed':
    'Check DBT_CLOUD_TOKEN and DBT_CLOUD_ACCOUNT_HOST, and that this machine can reach that host.',
  'organization-refused':
    'Check the organization id (RUN_CACHE_ORG_ID, or dbt-cloud.state-org-id in dbt_project.yml).',
  'version-check-failed': 'Check the State service: it could not tell whether it supports this plugin.',
  'bad-credentials':
    'Check DBT_ENGINE_STATE_OAUTH_CLIENT_ID and DBT_ENV_SECRET_STATE_OAUTH_CLIENT_SECRET (or their older names) against the values of your organization.',
  'adapter-unsupported':
    'Use a target of a supported type, or switch dbt State off for this target with RUN_CACHE_DISABLED=true.',
  'service-unreachable':
    'Check that this machine can reach the State service (API, token and authentication URLs, proxy, firewall), then run again.',
  'service-errors':
    'Read what the service said about the nodes; run again, and report it to the operator of the service if it stays.',
  'client-version-refused':
    'Upgrade the plugin to a version the service supports: pip install --upgrade dbt-state.',
  'legacy-package': 'Uninstall the legacy package: pip uninstall -y run-cache.',
  'commit-timestamps-off':
    'Set track_commit_timestamp = on in the configuration of Postgres and restart the server.',
  declined: 'Read what the plugin said; check the account, the organization and the settings of dbt State.',
  'never-asked':
    'Check that the selection holds nodes State decides about, and that write-only mode, which asks for nothing, is off.',
};
