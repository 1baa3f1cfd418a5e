import { FUSION_ADAPTERS } from '../util/state-adapters.ts';
import type { StateProblem, StateStatus, StateTrouble } from './decision.ts';
import { given } from './json-access.ts';
import type { TroubleFacts } from './observed.ts';
import { fatalTrouble } from './state-fatal.ts';
import { stateFix } from './state-fixes.ts';
import { type ProofInput, proofOf, sparedWork } from './state-proof.ts';
import { soundsUnreachable } from './state-troubles.ts';

export interface StateStatusInput extends ProofInput {
  /** dbt's subcommand as words, e.g. `docs generate`. */
  readonly command: string;
  /** dbt Core with a plugin, or dbt v2, which has State built in. Default `core`. */
  readonly engine?: 'core' | 'fusion' | undefined;
  readonly eventsAvailable: boolean;
  readonly pluginInstalled?: string | null | undefined;
  readonly stateSwitchedOffBy?: string | undefined;
  readonly stateWanted?: boolean | undefined;
  /** Whether a node ran to an end that an active State would have been asked about. */
  readonly eligibleRan?: boolean | undefined;
  /** Whether dbt ended with a failure; absent where that is not known. */
  readonly dbtFailed?: boolean | undefined;
  /** The last lines dbt printed: some failures are told nowhere else. */
  readonly outputTail?: string | undefined;
}

/** Commands for which the service is asked what to do with nodes. `retry` is one of them when it redoes one. */
const ASKING = new Set(['run', 'build', 'seed', 'snapshot', 'test', 'retry']);

/** What is known of dbt State in this run. Texts are not redacted yet. */
export function stateStatus(input: StateStatusInput): StateStatus {
  const { observations, pluginInstalled } = input;
  const known = given('version', observations.state.version ?? pluginInstalled ?? undefined);
  const { announced } = observations.state;
  if (announced === 'disabled')
    return { kind: 'disabled', ...known, ...given('by', input.stateSwitchedOffBy) };
  const fatal = endedBeforeNodes(input) ? fatalTrouble(observations, input.outputTail) : undefined;
  if (fatal !== undefined) return { kind: 'inactive', ...known, trouble: fatal };

  const asks = ASKING.has(input.command);
  const troubles = observations.state.troubles.toSorted((a, b) => rank(a) - rank(b));
  const off = observations.state.troubles.find((one) => one.off);
  if (asks && off !== undefined) return { kind: 'inactive', ...known, trouble: offTrouble(off, input) };

  const worst = troubles[0];
  // Without them the plugin can neither ask about models nor report what was built: answers about seeds come to nothing.
  const isInVain = worst?.problem === 'commit-timestamps-off' && !sparedWork(input);
  const proof = isInVain ? undefined : proofOf(withoutFalseReady(input));
  if (proof !== undefined) return { kind: 'active', ...known, proof, troubles: troubles.map(asTrouble) };
  if (!asks) {
    const complaints = troubles.map((one) => (one.off ? offTrouble(one, input) : asTrouble(one)));
    return { kind: 'not-applicable', ...known, ...(complaints.length > 0 && { troubles: complaints }) };
  }
  if (worst !== undefined) return { kind: 'inactive', ...known, trouble: asTrouble(worst) };

  if (input.engine === 'fusion') return fusionStatus(input);
  if (announced === undefined) return unannounced(input, known);
  if (announced === 'installed') return { kind: 'not-applicable', ...known };
  if (input.eligibleRan !== true) return { kind: 'not-applicable', ...known, why: whyNotAsked(input) };
  const never = trouble('never-asked');
  return {
    kind: 'inactive',
    ...known,
    trouble:
      observations.adapterType === 'postgres'
        ? { ...never, fix: `${never.fix} On Postgres views are always built.` }
        : never,
  };
}

/** Only then can a failure of State be what ended dbt, and what it printed be about that. */
function endedBeforeNodes({ observations, dbtFailed, eligibleRan }: StateStatusInput): boolean {
  if (dbtFailed === false || observations.completed?.success === true) return false;
  return observations.finishedCount === 0 && eligibleRan !== true && observations.state.answers === 0;
}

/** The plugin said nothing of itself. */
function unannounced(input: StateStatusInput, known: { readonly version?: string }): StateStatus {
  const { observations, pluginInstalled } = input;
  if (pluginInstalled === null) return absent(input);
  if (input.stateSwitchedOffBy !== undefined) {
    return { kind: 'disabled', ...known, by: input.stateSwitchedOffBy };
  }
  if (!input.eventsAvailable) return { kind: 'unknown', why: "dbt's events could not be read" };
  if (observations.dbtVersion === undefined) {
    return { kind: 'unknown', why: 'dbt ended before it said anything' };
  }
  if (pluginInstalled !== undefined) {
    return { kind: 'unknown', why: 'dbt ended before the State plugin announced itself' };
  }
  // An adapter is registered after the plugins have loaded, so silence until then means there is none.
  return observations.adapterType === undefined
    ? { kind: 'unknown', why: 'dbt ended before a State plugin would have announced itself' }
    : absent(input);
}

/** Where dbt v2 never asks State, words that State is ready are not State's. */
function withoutFalseReady(input: StateStatusInput): StateStatusInput {
  if (!isUnsupported(input)) return input;
  const { readyAt: _, ...state } = input.observations.state;
  return { ...input, observations: { ...input.observations, state } };
}

function isUnsupported({ engine, observations: { adapterType } }: StateStatusInput): boolean {
  return engine === 'fusion' && adapterType !== undefined && !FUSION_ADAPTERS.has(adapterType);
}

/** dbt v2 said nothing of State. It is off there unless asked for, and on many adapters it cannot be had. */
function fusionStatus(input: StateStatusInput): StateStatus {
  if (input.stateSwitchedOffBy !== undefined) return { kind: 'disabled', by: input.stateSwitchedOffBy };
  if (input.stateWanted !== true) return { kind: 'absent' };
  if (isUnsupported(input)) {
    return { kind: 'inactive', trouble: trouble('adapter-unsupported') };
  }
  if (!input.eventsAvailable) return { kind: 'unknown', why: "dbt's events could not be read" };
  if (input.eligibleRan !== true) return { kind: 'not-applicable', why: whyNotAsked(input) };
  return {
    kind: 'inactive',
    trouble: {
      problem: 'never-asked',
      fix: 'Switch dbt State on: `--manage-state`, `DBT_ENGINE_MANAGE_STATE=true`, or `manage_state: true` under `flags:` in dbt_project.yml.',
    },
  };
}

/** dbt asks State when it comes to a node, so a run that came to none tells nothing of State. */
function whyNotAsked({ observations }: StateStatusInput): string {
  if (observations.selectedCount === 0) return 'No node ran, so dbt State was not asked.';
  if (observations.startedCount > 0)
    return 'No node that dbt State decides about ran to its end, so what it would have said is not known.';
  return 'dbt ended before it asked dbt State.';
}

function absent(input: StateStatusInput): StateStatus {
  if (input.stateWanted !== true) return { kind: 'absent' };
  return { kind: 'inactive', trouble: trouble('plugin-missing') };
}

/** Troubles in the order in which one explains the next. */
const CAUSES_FIRST: readonly StateProblem[] = [
  'commit-timestamps-off',
  'service-unreachable',
  'client-version-refused',
  'no-credentials',
  'bad-credentials',
  'login-failed',
  'organization-refused',
  'adapter-unsupported',
  'declined',
  'service-errors',
  'version-check-failed',
];

function rank({ problem }: TroubleFacts): number {
  const at = CAUSES_FIRST.indexOf(problem);
  return at === -1 ? CAUSES_FIRST.length : at;
}

/** Of several tokens that were tried, only the debug log says what was wrong with them. */
function offTrouble(facts: TroubleFacts, { observations }: StateStatusInput): StateTrouble {
  const why = observations.state.loginFailed;
  if (facts.problem !== 'login-failed' || why === undefined || facts.said.includes(why))
    return asTrouble(facts);
  const said = `${facts.said} (${why})`;
  return trouble(soundsUnreachable(why) ? 'service-unreachable' : 'login-failed', said);
}

function asTrouble(facts: TroubleFacts): StateTrouble {
  const more = facts.count === 1 ? '' : ` (and ${facts.count - 1} more like it)`;
  return {
    ...trouble(facts.problem, facts.said + more),
    ...(facts.nodes.length === 0 ? {} : { nodes: facts.nodes }),
  };
}

function trouble(problem: StateProblem, said?: string): StateTrouble {
  return { problem, ...given('said', said), fix: stateFix(problem, said) };
}
