import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { REPOSITORY } from '../../test/support/repository.ts';
import { type ActionRun, runAction } from '../../test/support/runner/run-action.ts';
import { htmlPage } from './html-page.ts';
import { OUTPUT, type Prepared } from './prepare.ts';
import { quote, say, seconds } from './terminal.ts';

export interface ShownRun {
  readonly run: ActionRun;
  /** How long the run of dbt took, with finding it. */
  readonly dbtMs: number;
  /** The summary as a page. */
  readonly page: string;
}

/** Runs the Action once with its log shown, and writes its summary as `<name>.md` and `<name>.html`. */
export async function showRun(
  name: string,
  title: string,
  prepared: Prepared,
  cancelSignal: AbortSignal,
  inputs: Readonly<Record<string, string>> = {},
): Promise<ShownRun> {
  const run = await runAction({
    actionDir: REPOSITORY,
    workspace: prepared.workspace,
    inputs: { command: 'build', target: 'postgres', ...inputs },
    env: prepared.env,
    cancelSignal,
    onLine: (line) => {
      const shown = asShown(line);
      for (const part of shown?.split('\n') ?? []) quote(part);
    },
  });
  if (run.conclusion === 'cancelled') throw new Error('Cancelled');
  const markdown = run.main.summary;
  if (markdown === '') throw new Error('The Action wrote no summary');
  await writeFile(join(OUTPUT, `${name}.md`), markdown);
  // On GitHub the links lead to the commit; here the files are in the folder beside the page.
  const local = markdown.replaceAll(
    /https:\/\/github\.com\/acme\/bike-hire\/blob\/[0-9a-f]+\//g,
    'workspace/',
  );
  await writeFile(join(OUTPUT, `${name}.html`), await htmlPage(title, local));

  const outputs = Object.entries(run.outputs).filter(([, value]) => value !== '');
  say('  outputs of the step:');
  say(wrapped(outputs.map(([key, value]) => `${key}=${value}`)));
  const dbtMs = await dbtTime(run.outputs['report-path']);
  say(
    `  dbt ${seconds(dbtMs)}, the Action around it ${seconds(run.main.wallMs + (run.post?.wallMs ?? 0) - dbtMs)}`,
  );
  const page = join(OUTPUT, `${name}.html`);
  say(`  summary: ${page}`);
  say(`           ${join(OUTPUT, `${name}.md`)}`);
  return { run, dbtMs, page };
}

/** A line of the job's log without what only the runner's page needs; undefined when nothing is left. */
function asShown(line: string): string | undefined {
  if (line.startsWith('##[endgroup]') || /^::(stop-commands::)?[0-9a-f]{16,}(::)?$/.test(line))
    return undefined;
  return line
    .replace(/^##\[group\]/, '▸ ')
    .replace(/^##\[(error|warning|notice)\]/, (_, level: string) => `${level}: `);
}

async function dbtTime(reportPath: string | undefined): Promise<number> {
  if (!reportPath) throw new Error('The Action wrote no report');
  return (JSON.parse(await readFile(reportPath, 'utf8')) as { wallMs: number }).wallMs;
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
