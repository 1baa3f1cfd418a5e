import { statSync } from 'node:fs';
import {
  DbtRunCacheError,
  type Explanation,
  explain,
  type RunReport,
  readLastReport,
  readReport,
  renderSummary,
  renderText,
} from '../index.ts';
import { EXIT } from './exit-codes.ts';
import { EXPLAIN_HELP } from './help/explain.ts';
import { oneOf, parseOptions, UsageError } from './usage-error.ts';

const FORMATS = ['text', 'json', 'markdown'] as const;

const OPTIONS = {
  report: { type: 'string' },
  'project-dir': { type: 'string' },
  format: { type: 'string', default: 'text' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** `dbt-runcache explain`. @returns The exit code. */
export async function explainCommand(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseOptions(argv, OPTIONS, 'explain');
  if (values.help) {
    process.stdout.write(EXPLAIN_HELP);
    return EXIT.success;
  }
  if (positionals[0] !== undefined) {
    throw new UsageError(
      `explain takes no "${positionals[0]}"`,
      'To show another report, use --report <path>.',
    );
  }
  const format = oneOf('--format', FORMATS, values.format);
  const report = await find(values.report, values['project-dir']);
  process.stdout.write(RENDERERS[format](report));
  return EXIT.success;
}

async function find(path: string | undefined, folder: string | undefined): Promise<RunReport> {
  if (path !== undefined && folder !== undefined) {
    throw new UsageError('--report and --project-dir both say where the report is', 'Keep one of the two.');
  }
  if (folder !== undefined && !statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    throw new UsageError(
      `--project-dir is "${folder}", and there is no such folder`,
      'Give a folder that exists.',
    );
  }
  try {
    return path === undefined ? (await readLastReport({ cwd: folder })).report : await readReport(path);
  } catch (error) {
    throw error instanceof DbtRunCacheError && error.code === 'report-missing' ? missing(error, path) : error;
  }
}

function missing(error: DbtRunCacheError, path: string | undefined): DbtRunCacheError {
  const run = 'Run dbt through dbt-runcache first, e.g. dbt-runcache run -- build';
  const other =
    path === undefined
      ? '. A run with --target-path has its report there: name that folder with --report.'
      : ', or name another report or target folder with --report.';
  return new DbtRunCacheError(error.message.replace(/: ENOENT$/, ''), {
    code: error.code,
    hint: run + other,
    cause: error.cause,
  });
}

/** Which run this is: an older report must not pass for a later run, which may have left none. */
function whichRun({ facts }: Explanation): string {
  const value = (key: string): string =>
    // What could move the cursor or colour the terminal must not reach it.
    (facts.find((fact) => fact.key === key)?.value ?? 'unknown').replace(/\p{Cc}+/gu, ' ');
  return `Report of the run that began ${value('started')}: ${value('command')}\n\n`;
}

const RENDERERS: Readonly<Record<(typeof FORMATS)[number], (report: RunReport) => string>> = {
  text: (report) => {
    const explanation = explain(report);
    return whichRun(explanation) + renderText(explanation);
  },
  json: (report) => `${JSON.stringify({ version: 1, explanation: explain(report) }, undefined, 2)}\n`,
  markdown: (report) => renderSummary(explain(report)),
};
