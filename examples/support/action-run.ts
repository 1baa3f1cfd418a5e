import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { RunReport } from '../../sdk/index.ts';
import { REPOSITORY } from '../../test/support/repository.ts';
import { addressOfRun } from '../../test/support/runner/job-environment.ts';
import { type ActionRun, runAction } from '../../test/support/runner/run-action.ts';
import { htmlPage } from './html-page.ts';
import { OUTPUT, type Prepared } from './prepare.ts';
import { quote, say, seconds } from './terminal.ts';

export interface RunToShow {
  /** Of its files, without an ending. */
  readonly name: string;
  readonly title: string;
  /** Of the imagined workflow run. */
  readonly runNumber: number;
  readonly inputs?: Readonly<Record<string, string>>;
  /** Runs that this one may speak of. */
  readonly earlier?: readonly ShownRun[];
  readonly cancelSignal: AbortSignal;
}

export interface ShownRun {
  readonly run: ActionRun;
  readonly report: RunReport;
  /** How long the run of dbt took, with finding it; 0 where dbt was not started. */
  readonly dbtMs: number;
  /** The whole step. */
  readonly stepMs: number;
  /** The summary as a page. */
  readonly page: string;
  /** Where GitHub would show the run. */
  readonly address: string;
}

/** Runs the Action once with its log shown, and writes its summary as `<name>.md` and `<name>.html`. */
export async function showRun(prepared: Prepared, shown: RunToShow): Promise<ShownRun> {
  const { name, title, runNumber, inputs, earlier = [], cancelSignal } = shown;
  const run = await runAction({
    actionDir: REPOSITORY,
    workspace: prepared.workspace,
    inputs: { command: 'build', target: 'postgres', ...inputs },
    env: prepared.env,
    runNumber,
    cancelSignal,
    onLine: (line) => {
      const text = asShown(line);
      for (const part of text?.split('\n') ?? []) quote(part);
    },
  });
  if (run.conclusion === 'cancelled') throw new Error('Cancelled');
  const markdown = run.main.summary;
  if (markdown === '') throw new Error('The Action wrote no summary');
  const page = join(OUTPUT, `${name}.html`);
  await writeFile(join(OUTPUT, `${name}.md`), markdown);
  await writeFile(page, await htmlPage(title, withLocalLinks(markdown, earlier)));

  const outputs = Object.entries(run.outputs).filter(([, value]) => value !== '');
  say('  outputs of the step:');
  say(wrapped(outputs.map(([key, value]) => `${key}=${value}`)));
  const report = await readReport(run.outputs['report-path']);
  const stepMs = run.main.wallMs + (run.post?.wallMs ?? 0);
  const dbtMs = report.dedup?.kind === 'replayed' ? 0 : report.wallMs;
  const around = `the Action${dbtMs === 0 ? '' : ' around it'} ${seconds(stepMs - dbtMs)}`;
  say(`  ${dbtMs === 0 ? 'dbt was not started' : `dbt ${seconds(dbtMs)}`}, ${around}`);
  say(`  summary: ${page}`);
  say(`           ${join(OUTPUT, `${name}.md`)}`);
  return { run, report, dbtMs, stepMs, page, address: addressOfRun(runNumber) };
}

/** On GitHub the links lead to the commit and to other runs; here both are files in the folder of the page. */
function withLocalLinks(markdown: string, earlier: readonly ShownRun[]): string {
  const toFiles = markdown.replaceAll(
    /https:\/\/github\.com\/acme\/bike-hire\/blob\/[0-9a-f]+\//g,
    'workspace/',
  );
  return earlier.reduce((text, { address, page }) => text.replaceAll(address, basename(page)), toFiles);
}

/** A line of the job's log without what only the runner's page needs; undefined when nothing is left. */
function asShown(line: string): string | undefined {
  if (line.startsWith('##[endgroup]') || /^::(stop-commands::)?[0-9a-f]{16,}(::)?$/.test(line))
    return undefined;
  return line
    .replace(/^##\[group\]/, '▸ ')
    .replace(/^##\[(error|warning|notice)\]/, (_, level: string) => `${level}: `);
}

async function readReport(path: string | undefined): Promise<RunReport> {
  if (!path) throw new Error('The Action wrote no report');
  return JSON.parse(await readFile(path, 'utf8')) as RunReport;
}

function wrapped(words: readonly string[]): string {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < 98) lines[lines.length - 1] = `${last}  ${word}`;
    else lines.push(word);
  }
  return lines.map((line) => `    ${line}`).join('\n');
}
