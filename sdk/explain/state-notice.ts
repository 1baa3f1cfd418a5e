import type { StateStatus, StateTrouble } from '../decisions/decision.ts';
import type { StateNotice, StateTroubleNotice, Verdict } from './explanation.ts';
import { clause, counted } from './format.ts';
import { STATE_PROBLEMS } from './wording.ts';

/** What there is to say about dbt State; a problem when it was wanted and was not active. */
export function stateNotice(state: StateStatus, verdict: Verdict): StateNotice {
  const notice = ofStatus(state);
  // Nothing ran, so there is nothing State could have told about.
  return notice.kind === 'unknown' && verdict === 'not-done' ? { ...notice, tone: 'quiet' } : notice;
}

/** What says that State was wanted. */
const WANTED_BY = {
  settings: 'Settings for it are present',
  plugin: 'Its plugin is installed and was not switched off',
} as const;

function ofStatus(state: StateStatus): StateNotice {
  switch (state.kind) {
    case 'active': {
      const troubles = state.troubles.map(troubleNotice);
      return {
        kind: state.kind,
        tone: troubles.length === 0 ? 'fine' : 'caution',
        title:
          troubles.length === 0
            ? 'dbt State was active'
            : `dbt State was active, with ${counted(troubles.length, 'problem')}`,
        sentence:
          troubles.length === 0
            ? 'dbt State decided which nodes had to run.'
            : 'dbt State decided which nodes had to run, except where it ran into problems: there dbt ran what was selected.',
        ...versionOf(state),
        proof: state.proof,
        troubles,
      };
    }
    case 'inactive':
      return {
        kind: state.kind,
        tone: 'problem',
        title: `dbt State was not active: ${STATE_PROBLEMS[state.trouble.problem]}`,
        sentence: `${WANTED_BY[state.trouble.problem === 'plugin-missing' ? 'settings' : 'plugin']}, and nothing could be reused without it.`,
        ...versionOf(state),
        troubles: [troubleNotice(state.trouble)],
      };
    case 'disabled':
      return {
        kind: state.kind,
        tone: 'quiet',
        title: 'dbt State was switched off',
        sentence:
          state.by === undefined
            ? 'It was switched off for this run, so nothing was reused.'
            : `It was switched off by ${clause(state.by)}, so nothing was reused.`,
        ...versionOf(state),
        troubles: [],
      };
    case 'absent':
      return {
        kind: state.kind,
        tone: 'quiet',
        title: 'dbt State is not installed',
        sentence: 'Without it, dbt runs every node that is selected.',
        troubles: [],
      };
    case 'not-applicable':
      return {
        kind: state.kind,
        tone: 'quiet',
        title: 'dbt State has no part in this command',
        sentence: 'This command never asks dbt State.',
        ...versionOf(state),
        troubles: [],
      };
    case 'unknown':
      return {
        kind: state.kind,
        tone: 'caution',
        title: 'Whether dbt State was active is not known',
        sentence: `It could not be observed: ${clause(state.why)}.`,
        troubles: [],
      };
  }
}

function versionOf(state: { readonly version?: string }): { version?: string } {
  return state.version === undefined ? {} : { version: state.version };
}

function troubleNotice({ problem, said, fix, nodes = [] }: StateTrouble): StateTroubleNotice {
  return { problem, title: STATE_PROBLEMS[problem], said, fix, nodes };
}
