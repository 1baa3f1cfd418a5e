import type { RunReport } from '../result.ts';
import { shellQuoted } from '../util/shell-quoted.ts';
import { dedupFacts } from './dedup-facts.ts';
import type { Fact } from './explanation.ts';
import { count, duration, instant } from './format.ts';

/** What a replayed run's report has from the run it repeats, and nobody looked up again. */
const OF_THE_OTHER_RUN: ReadonlySet<string> = new Set([
  ...['dbt-version', 'adapter', 'state-version', 'python-version', 'dbt', 'threads'],
  ...['invocation-id', 'exit-code'],
]);

/** The circumstances of the run; what is not known is left out. */
export function facts(report: RunReport): readonly Fact[] {
  const { engine, project } = report;
  const found: Fact[] = [];
  const isReplay = report.dedup?.kind === 'replayed';
  const add = (key: string, label: string, value: string | undefined, code = false): void => {
    const whose = isReplay && OF_THE_OTHER_RUN.has(key) ? ' (that run)' : '';
    if (value !== undefined && value !== '') found.push({ key, label: label + whose, value, code });
  };
  add('command', 'Command', ['dbt', ...report.args].map(shellQuoted).join(' '), true);
  add('dbt-version', engine?.kind === 'fusion' ? 'dbt v2' : 'dbt Core', engine?.dbtVersion);
  add('adapter', 'Adapter', joined(engine?.adapterType, engine?.adapterVersion));
  add(
    'state-version',
    'dbt State plugin',
    engine?.stateVersion ?? ('version' in report.state ? report.state.version : undefined),
  );
  add('python-version', 'Python', engine?.pythonVersion);
  add('dbt', 'dbt started as', engine?.commandPrefix.map(shellQuoted).join(' '), true);
  add('project', 'Project', project?.name, true);
  add('profile', 'Profile', project?.profileName, true);
  add('target', 'Target', project?.targetName, true);
  add('threads', 'Threads', report.threads === undefined ? undefined : count(report.threads));
  add('run-cache', 'dbt State here', asked(report));
  for (const [name, value] of Object.entries(report.labels)) add(`label:${name}`, name, value);
  const from = Object.entries(report.config?.from ?? {}).map(([key, where]) => `${key} (${where})`);
  add('config', 'Settings from the file or variables', from.join(', '));
  found.push(...dedupFacts(report));
  add('invocation-id', 'Invocation id', report.invocationId, true);
  add('started', 'Started', instant(report.startedAt));
  add('duration', 'Duration', duration(report.wallMs));
  add('exit-code', 'Exit code', report.exitCode === undefined ? undefined : String(report.exitCode));
  add('signal', 'Ended by signal', report.signal);
  return found;
}

/** What this run's options say of dbt State; the user's own settings have a table. */
function asked({ runCache, requireRunCache }: RunReport): string | undefined {
  if (runCache === 'disabled') return 'switched off (run-cache: disabled)';
  return requireRunCache === true ? 'required (require-run-cache: true)' : undefined;
}

function joined(name: string | undefined, version: string | undefined): string | undefined {
  return name === undefined || version === undefined ? name : `${name} ${version}`;
}
