import { explain, type RunReport, readLastReport, readReport, renderSummary, renderText } from '../index.ts';
import { EXIT } from './exit-codes.ts';
import { EXPLAIN_HELP } from './help.ts';
import { oneOf, parseOptions, UsageError } from './usage-error.ts';

const FORMATS = ['text', 'json', 'markdown'] as const;

const OPTIONS = {
  report: { type: 'string' },
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
  const report =
    values.report === undefined ? (await readLastReport()).report : await readReport(values.report);
  process.stdout.write(RENDERERS[format](report));
  return EXIT.success;
}

const RENDERERS: Readonly<Record<(typeof FORMATS)[number], (report: RunReport) => string>> = {
  text: (report) => renderText(explain(report)),
  json: (report) => `${JSON.stringify({ version: 1, explanation: explain(report) }, undefined, 2)}\n`,
  markdown: (report) => renderSummary(explain(report)),
};
