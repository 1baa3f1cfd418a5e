import type { Explanation } from '../explain/explanation.ts';
import { listed } from '../explain/format.ts';
import {
  factsSection,
  noticesSection,
  problemsSection,
  settingsSection,
  smallPrintSection,
} from './about-section.ts';
import { dedupSection } from './dedup-section.ts';
import { diagnosisSection } from './diagnosis-section.ts';
import { adviceSection, headSection, stateSection, tallySection } from './head-section.ts';
import { failuresSection, runFailureSection, warningsSection } from './look-at-section.ts';
import { managedStateSection, stateMissingSection } from './managed-state-section.ts';
import { bytes, code, paragraph, text } from './markdown.ts';
import { nodesSection } from './nodes-section.ts';
import type { Page } from './page.ts';
import { cut } from './plain-text.ts';

/** What GitHub takes for one step is 1 MiB; the margin is for what the step itself may write beside it. */
const DEFAULT_MAX_BYTES = 1024 * 1024 - 16 * 1024;

/** Kept free for the closing line that says what was left out. */
const CLOSING_BYTES = 700;

export interface SummaryOptions {
  /**
   * The summary's size in UTF-8 bytes, at most. What does not fit is left out, the least interesting first, and the
   * summary says so. Default: 1 MiB, which is GitHub's limit, less 16 KiB.
   */
  readonly maxBytes?: number | undefined;
  /**
   * Where a file of the project can be read, e.g. on GitHub at the commit that ran. The path is relative to the
   * project folder. Undefined, or anything but http(s): no link. Default: no links.
   */
  readonly fileUrl?: ((path: string, line?: number) => string | undefined) | undefined;
  /** Where the full report is, for the line that says what was left out. Default: not said. */
  readonly reportPath?: string | undefined;
}

/**
 * The run as GitHub-flavoured markdown, for a job summary, a comment or a file. Built from headings, tables, lists,
 * code and `<details>` alone; nothing in the explanation can add markup of its own. Never longer than `maxBytes`.
 */
export function renderSummary(explanation: Explanation, options: SummaryOptions = {}): string {
  const maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
  const closing = Math.min(CLOSING_BYTES, Math.floor(maxBytes / 4));
  let room = maxBytes - closing;
  const leftOut: string[] = [];
  const page: Page = {
    fileUrl: options.fileUrl ?? (() => undefined),
    leaveOut: (what) => leftOut.push(what),
  };

  // Asked in the order of importance, each with the room the earlier ones left, and at most its share of that.
  const ask = (
    section: (explanation: Explanation, page: Page, room: number) => string,
    share = 1,
  ): string => {
    const markdown = section(explanation, page, Math.floor(room * share));
    room -= bytes(markdown);
    return markdown;
  };
  const head = ask(headSection);
  const missing = ask(stateMissingSection, 0.3);
  const state = ask(stateSection, 0.5);
  const run = ask(runFailureSection, 0.5);
  const tally = ask(tallySection);
  const failures = ask(failuresSection, 0.6);
  const compared = ask(managedStateSection, 0.4);
  const dedup = ask(dedupSection, 0.3);
  const problems = ask(problemsSection, 0.3);
  const warnings = ask(warningsSection, 0.4);
  const advice = ask(adviceSection, 0.5);
  const diagnosis = ask(diagnosisSection, 0.3);
  const facts = ask(factsSection, 0.5);
  const settings = ask(settingsSection, 0.3);
  const smallPrint = ask(smallPrintSection, 0.5);
  const notices = ask(noticesSection, 0.3);
  const nodes = ask(nodesSection);

  const { state: told } = explanation;
  const stateFirst = told.tone === 'problem' || told.kind === 'disabled' || told.kind === 'active';
  const markdown = [
    head,
    missing,
    stateFirst ? state : '',
    run,
    failures,
    tally,
    compared,
    stateFirst ? '' : state,
    dedup,
    warnings,
    problems,
    advice,
    nodes,
    notices,
    diagnosis,
    facts,
    settings,
    smallPrint,
  ].join('');
  const whole = markdown + closingLine(leftOut, options.reportPath, maxBytes - bytes(markdown));
  return whole === '' ? '' : `${whole.trimEnd()}\n`;
}

function closingLine(leftOut: readonly string[], reportPath: string | undefined, room: number): string {
  if (leftOut.length === 0) return '';
  const where = reportPath === undefined ? 'The run’s report file has' : `${code(cut(reportPath, 300))} has`;
  const candidates = [
    `✂️ Left out for lack of room: ${text(listed(leftOut))}. ${where} everything.`,
    `✂️ Some of it was left out for lack of room. ${where} everything.`,
    '✂️ Some of it was left out.',
  ];
  return candidates.map(paragraph).find((candidate) => bytes(candidate) <= room) ?? '';
}
