import { explainFinished, type RunEvent } from '../index.ts';
import { plainText } from '../util/plain-text.ts';

/** Longest of the actions that come often: what follows stands in one column. */
const COLUMN = 8;

/** What `--explain-cache` prints of a node that has finished, without the line end. */
export function decisionLine(
  event: Extract<RunEvent, { kind: 'node-finished' }>,
  adapterType: string | undefined,
): string {
  const { sentence } = explainFinished(event, { adapterType });
  const line = `dbt-runcache: ${event.action.padEnd(COLUMN)} ${event.resourceType} ${event.name} — ${sentence}`;
  return plainText(line).replace(/\s*\n\s*/g, ' ');
}
