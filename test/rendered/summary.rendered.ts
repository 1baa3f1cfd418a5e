import { expect, test } from 'vitest';
import { htmlPage } from '../../examples/support/html-page.ts';
import { explain, renderSummary } from '../../sdk/index.ts';
import {
  decision,
  earlierRun,
  executedDedup,
  failedReport,
  replayedReport,
  report,
  reusedTest,
  skippedReport,
  testDecision,
} from '../support/report-builder.ts';
import { browsedDom } from './chromium.ts';

/** Runs when the page is there, and leaves what it found in the document for the test to read. */
const PROBE = `<script>
  addEventListener('load', () => {
    document.querySelectorAll('details').forEach((one) => { one.open = true; });
    const found = {
      title: document.title,
      elements: [...new Set([...document.querySelectorAll('article *')].map((one) => one.localName))].sort(),
      tooWide: [...document.querySelectorAll('article > *')].filter((one) => one.scrollWidth > 852).map((one) => one.localName),
      attributes: [...new Set([...document.querySelectorAll('article *')].flatMap((one) => one.getAttributeNames()))].sort(),
    };
    document.body.replaceChildren(JSON.stringify(found));
  });
</script>`;

async function look(markdown: string) {
  const html = (await htmlPage('as it was', markdown)).replace('</head>', `${PROBE}</head>`);
  const dom = await browsedDom(html, { width: 900, height: 1400 });
  const text = /<body>([\s\S]*)<\/body>/.exec(dom)?.[1] ?? '';
  return JSON.parse(text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')) as {
    title: string;
    elements: string[];
    attributes: string[];
    tooWide: string[];
  };
}

const OURS = ['a', 'b', 'br', 'code', 'details', 'h2', 'h3', 'h4', 'li', 'p', 'pre', 'strong', 'summary'];
const TABLES = ['table', 'tbody', 'td', 'th', 'thead', 'tr', 'ul', 'em'];

test('in a browser, hostile names and messages are text', async () => {
  const bad = [
    '<script>document.title="broken"</script>',
    '"><img src=x onerror="document.title=\'broken\'">',
    '[click](javascript:document.title=1)',
    '</code></td></table><h1>big</h1>',
    '![x](https://tracker.example/pixel.png)',
    '```\n<iframe src="//x"></iframe>\n```',
  ];
  const seen = await look(
    renderSummary(
      explain(
        failedReport({
          decisions: bad.flatMap((text, i) => [
            decision({
              uniqueId: `model.shop.a${i}`,
              name: text,
              action: 'failed',
              because: 'error',
              failed: true,
              status: 'error',
              message: text,
            }),
            decision({ uniqueId: `model.shop.b${i}`, name: text, message: text }),
          ]),
        }),
      ),
    ),
  );
  expect(seen.title).toBe('as it was');
  expect(seen.elements.filter((name) => ![...OURS, ...TABLES].includes(name))).toEqual([]);
  expect(
    seen.attributes.filter((name) => !['align', 'class', 'href', 'open', 'style'].includes(name)),
  ).toEqual([]);
});

test('in a browser, what a ledger tells is text, and only plain addresses are links', async () => {
  const bad = '</summary></details><script>document.title="broken"</script><b onclick=x>[a](javascript:x)';
  const run = { host: bad, finishedAt: bad, startedAt: bad, labels: { [bad]: bad } };
  const differences = Array.from(
    { length: 20 },
    (_, index) => ({ part: index === 7 ? bad : 'code', item: `${bad}/${index}`, how: 'added' }) as const,
  );
  for (const url of ['javascript:document.title=1', `https://x.example/"><img src=x onerror=y>${bad}`]) {
    const pages = [
      replayedReport({ decisions: [decision()] }, { run: earlierRun({ ...run, url }), restored: [bad] }),
      skippedReport(earlierRun({ ...run, url })),
      report({
        decisions: [decision()],
        dedup: executedDedup({
          kind: 'no-record',
          nearest: { run: earlierRun({ ...run, url }), differences, count: 40 },
        }),
      }),
    ];
    const seen = await look(pages.map((given) => renderSummary(explain(given))).join('\n'));
    expect(seen.title).toBe('as it was');
    expect(seen.elements.filter((name) => ![...OURS, ...TABLES].includes(name))).toEqual([]);
    expect(
      seen.attributes.filter((name) => !['align', 'class', 'href', 'open', 'style'].includes(name)),
    ).toEqual([]);
    expect(seen.elements.includes('a')).toBe(url.startsWith('https:'));
    expect(seen.tooWide.filter((name) => name !== 'table' && name !== 'details')).toEqual([]);
  }
});

test('nothing is wider than the page, long names included', async () => {
  const long = 'a_model_name_that_somebody_generated_from_a_path_and_never_looked_at_'.repeat(3);
  const seen = await look(
    renderSummary(
      explain(
        report({
          decisions: [
            decision({ uniqueId: 'model.shop.x', name: long }),
            testDecision({ uniqueId: 'test.shop.y', name: `not_null_${long}_id` }),
            reusedTest({ uniqueId: 'test.shop.z', name: `unique_${long}_id` }),
          ],
        }),
      ),
    ),
  );
  expect(seen.elements).toContain('table');
  expect(seen.tooWide.filter((name) => name !== 'table' && name !== 'details')).toEqual([]);
});
