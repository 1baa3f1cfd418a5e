import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { warning } from '@actions/core';

const NAME = 'dbt_runcache_summary.md';
/** GitHub takes this many characters in a comment, the marks a workflow adds to it included. */
const MAX_BYTES = 65_536 - 4096;

/**
 * Writes the summary as a file beside the report, short enough for a comment on a pull request.
 * @returns Its path; undefined where there is no report to lie beside, or it could not be written, which is said.
 */
export async function writeSummaryFile(
  reportPath: string | undefined,
  render: (maxBytes: number) => string,
): Promise<string | undefined> {
  if (reportPath === undefined) return undefined;
  const path = join(dirname(reportPath), NAME);
  try {
    await writeFile(path, render(MAX_BYTES));
    return path;
  } catch (error) {
    warning(
      `Could not write the summary to ${path}: ${error instanceof Error ? error.message : String(error)}`,
    );
    return undefined;
  }
}
