import type { StateStatus, StateTrouble } from '../decisions/decision.ts';
import type { RunReport } from '../result.ts';
import type { Headline, StateNotice, StateTroubleNotice } from './explanation.ts';
import { clause, counted } from './format.ts';
import { STATE_PROBLEMS } from './wording.ts';

/** What there is to say about dbt State; a problem when it was wanted and was not active. */
export function stateNotice(report: RunReport, headline: Headline): StateNotice {
  const notice = ofStatus(report, headline);
  const { verdict } = headline;
  if (report.dedup !== undefined && report.dedup.kind !== 'executed') return noPart(report, notice);
  // Nothing ran, so there is nothing State could have told about.
  return notice.kind === 'unknown' &&
    (verdict === 'not-done' || (verdict === 'stopped' && report.decisions.length === 0))
    ? { ...notice, tone: 'quiet' }
    : notice;
}

/** Nothing ran: what dbt State was belongs to the run that is repeated, and so does what was to be mended. */
function noPart({ dedup }: RunReport, { title }: StateNotice): StateNotice {
  const then = dedup?.kind === 'replayed' ? ` The report of that run says: ${title}.` : '';
  return {
    kind: 'not-applicable',
    tone: 'quiet',
    title: 'dbt State had no part in this',
    sentence: `Nothing ran, so it was not asked.${then}`,
    troubles: [],
  };
}

/** What it meant for the run that State was not active. */
function inactiveSentence(trouble: StateTrouble, { exitCode }: RunReport, headline: Headline): string {
  const { problem, endedRun, nodes = [] } = trouble;
  if (endedRun === true) {
    const code = exitCode === undefined ? '' : ` with exit code ${exitCode}`;
    return `dbt ended${code} before it came to any node, so nothing was built.`;
  }
  if (problem === 'plugin-missing') {
    return 'Settings of dbt State are present, but its plugin is not installed beside dbt, so nothing was reused.';
  }
  if (problem === 'never-asked') {
    return 'dbt State is there and enabled, but no node was submitted to its service, so nothing was reused.';
  }
  if (headline.verdict === 'not-done' || headline.verdict === 'stopped') return 'Nothing was reused.';
  const ran =
    headline.verdict === 'passed' || headline.code === 'run-cache-required'
      ? 'dbt itself was fine: it ran everything that was selected, and nothing was reused.'
      : 'dbt ran what was selected without it, and nothing was reused.';
  return problem === 'service-unreachable' && nodes.length > 0
    ? `${ran} It waited for the service at every node, so this took longer than without dbt State.`
    : ran;
}

function ofStatus(report: RunReport, headline: Headline): StateNotice {
  const state: StateStatus = report.state;
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
        title:
          state.trouble.endedRun === true
            ? `dbt State stopped dbt: ${STATE_PROBLEMS[state.trouble.problem]}`
            : `dbt State was not active: ${STATE_PROBLEMS[state.trouble.problem]}`,
        sentence: inactiveSentence(state.trouble, report, headline),
        ...versionOf(state),
        troubles: [troubleNotice(state.trouble)],
      };
    case 'disabled':
      return {
        kind: state.kind,
        tone: 'quiet',
        title: state.by === undefined ? 'dbt State was off' : 'dbt State was switched off',
        sentence:
          state.by === undefined
            ? 'It was off in this run, so nothing was reused.'
            : `It was switched off by ${clause(state.by)}, so nothing was reused.${allButTrue(state.by)}`,
        ...versionOf(state),
        troubles: [],
      };
    case 'absent':
      return {
        kind: state.kind,
        tone: 'quiet',
        ...(report.engine?.kind === 'fusion'
          ? { title: 'dbt State was off', sentence: 'This dbt uses it only when it is switched on.' }
          : {
              title: 'dbt State is not installed',
              sentence: 'Without it, dbt runs every node that is selected.',
            }),
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

/** Empty and misspelt values switch State off as well, which surprises. */
function allButTrue(by: string): string {
  return by.startsWith('DBT_ENGINE_MANAGE_STATE')
    ? ' Only true, 1, t, y, yes and on switch it on; every other value, and none, switches it off.'
    : '';
}

function versionOf(state: { readonly version?: string }): { version?: string } {
  return state.version === undefined ? {} : { version: state.version };
}

function troubleNotice({ problem, said, fix, nodes = [], endedRun }: StateTrouble): StateTroubleNotice {
  return {
    problem,
    title: STATE_PROBLEMS[problem],
    ...(said !== undefined && { said }),
    fix,
    nodes,
    ...(endedRun === true && { endedRun }),
  };
}
