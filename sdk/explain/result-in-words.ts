import type { RunReport } from '../result.ts';
import { errorInBrief } from './error-in-brief.ts';
import { hasFailed } from './explain-node.ts';
import type { Totals } from './explanation.ts';
import { counted, listedUpTo } from './format.ts';
import { typesCounted } from './resource-type.ts';
import { tallyInWords } from './totals.ts';

/** How many of the failed nodes are named. */
const NAMED = 3;

/** What a run came to, without how long it took: one or two sentences, the first beginning small where it can. */
export function resultInWords(report: RunReport, totals: Totals): string {
  const { failure } = report;
  if (failure?.code === 'nodes-failed') return failedNodes(report, totals);
  const tally = totals.nodes === 0 ? '' : `${tallyInWords(totals.lines)}.`;
  if (failure !== undefined) return [failureSentence(report), ...(tally === '' ? [] : [tally])].join(' ');
  if (totals.selected === 0 && totals.nodes === 0) return 'the selection matched no nodes.';
  return tally === '' ? 'it succeeded.' : tally;
}

/** Which nodes failed, and how many others were skipped. */
export function failedNodes(report: RunReport, totals: Totals): string {
  const failures = report.decisions.filter(hasFailed);
  const skipped = totals.byAction.skipped;
  const held = skipped === 0 ? '' : `${counted(skipped, 'node')} skipped`;
  if (failures.length === 0) {
    return [failureSentence(report), ...(held === '' ? [] : [`${held}.`])].join(' ');
  }
  const names = listedUpTo(
    failures.slice(0, NAMED + 1).map(({ name }) => quoted(name)),
    NAMED,
    failures.length,
  );
  return `${typesCounted(failures)} failed: ${names}${held === '' ? '' : `; ${held}`}.`;
}

/** A name as code, short enough to leave the sentence readable. */
function quoted(name: string): string {
  const plain = name.replace(/[`\s]+/g, ' ').trim();
  return `\`${plain.length > 80 ? `${plain.slice(0, 79)}…` : plain}\``;
}

/** The failure's own sentence on one line, with its full stop. */
export function failureSentence({ failure }: RunReport): string {
  // The rest of a message of several lines stands below.
  const said = errorInBrief(failure?.message);
  return said === '' ? 'No cause was given.' : `${said}${/[.!?…]$/.test(said) ? '' : '.'}`;
}
