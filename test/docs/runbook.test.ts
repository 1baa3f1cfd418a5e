import { beforeAll, describe, expect, test } from 'vitest';
import type { StateProblem } from '../../sdk/decisions/decision.ts';
import { STATE_FIXES, stateFix } from '../../sdk/decisions/state-fixes.ts';
import { CHECK_CODES, type DiagnosisCheck } from '../../sdk/diagnose/diagnosis.ts';
import { withoutState } from '../../sdk/run/required-state.ts';
import { decideRecorded, eventsOf, fixture } from '../sdk/decisions/recorded.ts';
import { failedChecks, headings } from './check-messages.ts';
import { codeSpans, readDoc, section, sections, tableRows } from './markdown.ts';
import { asLine, isSaid, recordedMessages } from './recorded-messages.ts';

const PATH = 'docs/runbook.md';
const PROBLEMS = Object.keys(STATE_FIXES) as StateProblem[];

let text: string;
let codes: ReadonlyMap<string, string>;
let recorded: readonly string[];
let checks: readonly DiagnosisCheck[];

beforeAll(async () => {
  text = await readDoc(PATH);
  codes = sections(text, 3);
  recorded = await recordedMessages();
  checks = (await failedChecks()).filter(({ status }) => status !== 'pass');
});

/** What stands behind a bullet's name in the section of a code. */
function bullets(code: string, name: string): string[] {
  const lines = (codes.get(code) ?? '').split('\n');
  return lines.flatMap((line) => {
    const match = new RegExp(`^- \\*\\*${name}(?: \\(.+\\))?:\\*\\* (.+)$`).exec(line);
    return match?.[1] === undefined ? [] : [match[1]];
  });
}

const quotes = (code: string, who: string): string[] => bullets(code, `${who} says?`).flatMap(codeSpans);
const seenOf = (code: string): string[] =>
  checks.filter((check) => check.code === code).map(({ seen }) => asLine(seen));

describe('the codes', () => {
  test('every code has a section, and every section is a code', () => {
    expect([...codes.keys()].toSorted()).toEqual([...new Set([...CHECK_CODES, ...PROBLEMS])].toSorted());
  });

  test('every section says what is seen, what it means, the fix, and how to confirm it', () => {
    for (const code of codes.keys()) {
      const seen = ['dbt', 'diagnose', 'The report'].flatMap((who) => quotes(code, who));
      expect(seen, code).not.toEqual([]);
      expect(bullets(code, 'It means'), code).toHaveLength(1);
      expect(bullets(code, 'Fix'), code).not.toEqual([]);
      expect(bullets(code, 'Confirm'), code).toHaveLength(1);
    }
  });

  test('a bullet is one of these, on one line, so that a search finds it', () => {
    for (const [code, body] of codes) {
      for (const line of body.split('\n').filter((one) => one.trim() !== '')) {
        expect(line, code).toMatch(
          /^- \*\*(?:dbt says|diagnose says|The report says|It means|Fix(?: \(.+\))?|Confirm):\*\* \S/,
        );
      }
    }
  });
});

describe('the quotes', () => {
  test('what dbt says was recorded in a real run, or is compared with one', () => {
    const wrong = [...codes.keys()].flatMap((code) =>
      quotes(code, 'dbt').filter((quote) => quote.length < 20 || !isSaid(quote, recorded)),
    );
    expect(wrong).toEqual([]);
  });

  test('what diagnose says is what it says under that code', () => {
    const wrong = [...codes.keys()].flatMap((code) =>
      quotes(code, 'diagnose').filter((quote) => !isSaid(quote, seenOf(code))),
    );
    expect(wrong).toEqual([]);
    // A check that is no problem of a run shows in `diagnose` alone.
    for (const code of CHECK_CODES) expect(quotes(code, 'diagnose'), code).not.toEqual([]);
  });

  test('what the report says is its heading for that problem', () => {
    for (const problem of PROBLEMS) {
      const said = quotes(problem, 'The report');
      if (!(CHECK_CODES as readonly string[]).includes(problem)) expect(said, problem).toHaveLength(1);
      for (const quote of said) expect(headings(problem), problem).toContain(quote);
    }
  });

  test.each([
    ['no-credentials', 'no-credentials'],
    ['bad-credentials', 'bad-credentials'],
    ['client-version-refused', 'client-version-refused'],
    ['node-errors', 'service-errors'],
    ['service-down', 'service-unreachable'],
    ['validation-failed', 'version-check-failed'],
    ['commit-timestamps-off', 'commit-timestamps-off'],
    ['unsupported-adapter', 'adapter-unsupported'],
  ] as const)('the real run %s is under the code it gets', (run, code) => {
    const { state } = decideRecorded(run);
    const troubles = state.kind === 'inactive' ? [state.trouble] : 'troubles' in state ? state.troubles : [];
    expect(troubles?.map(({ problem }) => problem)).toContain(code);
    const said = eventsOf(fixture(`dbt-core-1.11/runs/${run}.events.jsonl`)).map(({ info }) =>
      asLine(info.msg),
    );
    expect(quotes(code, 'dbt').some((quote) => isSaid(quote, said))).toBe(true);
  });

  test.each(['views-only', 'write-only'])('%s is never-asked, as its section says', (run) => {
    expect(decideRecorded(run).state).toMatchObject({
      kind: 'inactive',
      trouble: { problem: 'never-asked' },
    });
  });

  test('a symptom is quoted from a real run, our own messages, or is a name', () => {
    const required = withoutState({ kind: 'absent' }, 'core')?.message ?? '';
    const names = new Set(['run-cache-required', 'DBT_STATE', 'DBT_CLOUD_GIT_BRANCH', 'HEAD']);
    const rows = tableRows(section(text, 'From symptom to code'));
    expect(rows.length).toBeGreaterThan(10);
    const wrong = rows
      .flatMap(([symptom = '']) => codeSpans(symptom))
      .filter((quote) => !names.has(quote) && !isSaid(quote, [...recorded, required]));
    expect(wrong).toEqual([]);
  });

  test('words that mislead are real ones', () => {
    const rows = tableRows(section(text, 'Words that mislead'));
    expect(rows.length).toBeGreaterThan(4);
    const wrong = rows.flatMap(([said = '']) => codeSpans(said)).filter((quote) => !isSaid(quote, recorded));
    expect(wrong).toEqual([]);
  });
});

describe('the fixes', () => {
  /** Words that make a fix more exact than its code. */
  const WORDS = [
    ['service-unreachable', 'certificate'],
    ['service-unreachable', 'login failed'],
    ['organization-refused', 'has been disabled'],
    ['organization-refused', 'determine the account ID'],
    ['service-errors', 'Failed to parse'],
    ['declined', 'CA bundle'],
  ] as const;

  test('of a problem: the line of the report, and where words tell more, those lines', () => {
    for (const problem of PROBLEMS) {
      const exact = WORDS.filter(([one]) => one === problem).map(([, words]) => stateFix(problem, words));
      expect(new Set(exact).has(STATE_FIXES[problem])).toBe(false);
      expect(bullets(problem, 'Fix').toSorted(), problem).toEqual(
        [STATE_FIXES[problem], ...exact].toSorted(),
      );
    }
  });

  test('of a check: lines that diagnose gives under that code', () => {
    for (const code of CHECK_CODES) {
      const given = checks.filter((check) => check.code === code).map(({ fix }) => asLine(fix ?? ''));
      for (const fix of bullets(code, 'Fix')) expect(given, code).toContain(fix);
    }
  });
});

test('what the ledger says in a workflow is in the code', async () => {
  const files = [
    ...['action/settings.ts', 'action/clean-up.ts', 'sdk/dedup/coordinator.ts', 'sdk/run/dedup/begin.ts'],
    ...['sdk/run/dedup/trust.ts', 'sdk/github/cache-access.ts', 'sdk/github/cache-rpc.ts'],
    'sdk/stores/git-service.ts',
  ];
  const sources = await Promise.all(files.map(readDoc));
  const literals = sources.flatMap((source) =>
    [...source.matchAll(/`([^`]+)`|'((?:[^'\\\n]|\\.)+)'/g)].map(([, one, two]) => asLine(one ?? two ?? '')),
  );
  const rows = tableRows(section(text, 'The ledger in GitHub Actions'));
  const quotes = rows.flatMap(([said = '']) => codeSpans(said)).filter((quote) => quote.includes(' '));
  expect(quotes.length).toBeGreaterThan(10);
  expect(quotes.filter((quote) => !isSaid(quote, literals))).toEqual([]);
});

test('every link leads to a section that is there', async () => {
  const contract = await readDoc('docs/run-cache-contract.md');
  const dedup = await readDoc('docs/dedup.md');
  const anchors = (markdown: string) =>
    [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replace(/[^\w\- ]/g, '')
        .replaceAll(' ', '-'),
    );
  const targets = {
    '': anchors(text),
    'run-cache-contract.md': anchors(contract),
    'dedup.md': anchors(dedup),
  };
  for (const [, file = '', anchor = ''] of text.matchAll(/\]\(([\w.-]*)#([\w-]+)\)/g)) {
    expect(targets[file as keyof typeof targets], `${file}#${anchor}`).toContain(anchor);
  }
  const linked = new Set([...text.matchAll(/\]\(#([\w-]+)\)/g)].map(([, anchor]) => anchor));
  expect(linked.size).toBeGreaterThan(10);
});
