import type { StateStatus, StateTrouble } from '../decisions/decision.ts';
import type { StateNotice, StateTroubleNotice, Verdict } from './explanation.ts';
import { clause, counted } from './format.ts';
import { STATE_PROBLEMS } from './wording.ts';

/** What there is to say about dbt State; a problem when it was wanted and was not active. */
export function stateNotice(state: StateStatus, verdict: Verdict, nodes: number): StateNotice {
  const notice = ofStatus(state);
  // Nothing ran, so there is nothing State could have told about.
  return notice.kind === 'unknown' && (verdict === 'not-done' || (verdict === 'stopped' && nodes === 0))
    ? { ...notice, tone: 'quiet' }
    : notice;
}

function inactiveSentence(problem: StateTrouble['problem']): string {
  if (problem === 'plugin-missing')
    return 'Settings of dbt State are present, but its plugin is not installed beside dbt, so nothing was reused.';
  if (problem === 'never-asked')
    return 'The State plugin is installed and enabled, but no node was submitted to its service, so nothing was reused.';
  return 'The State plugin is installed and enabled, but it was off in this run, so nothing was reused.';
}

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
        sentence: inactiveSentence(state.trouble.problem),
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
        title:
          state.why === undefined ? 'dbt State has no part in this command' : 'dbt State had nothing to say',
        sentence: state.why ?? 'This command never asks dbt State.',
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
  return { problem, title: STATE_PROBLEMS[problem], ...(said !== undefined && { said }), fix, nodes };
}
