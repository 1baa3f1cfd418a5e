import { access } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { RUN_HELP } from '../../sdk/cli/help/run.ts';
import { LEDGER_SHAPE } from '../../sdk/config/ledger-schema.ts';
import { BUNDLE_LIMITS } from '../../sdk/dedup/bundle-limits.ts';
import { defaultPolicy } from '../../sdk/dedup/policy.ts';
import type { DedupReport, ExecutedBecause, RecordFate } from '../../sdk/index.ts';
import { parseDuration, runKey } from '../../sdk/index.ts';
import { REPOSITORY } from '../support/repository.ts';
import { storeProject } from '../support/store-example.ts';
import { blocks, codeSpans, readDoc, section, tableRows } from './markdown.ts';

const STORES = ['memory', 'file', 'redis', 's3', 'gcs', 'actions-cache', 'git-ref'] as const;
/** Those of GitHub have a workflow in place of a script. */
const SCRIPTS = STORES.filter((name) => name !== 'actions-cache' && name !== 'git-ref');
const PAGES = [
  ...['docs/dedup.md', 'docs/dedup-proofs.md', 'docs/config.md', 'README.md', 'examples/workflows/README.md'],
  ...STORES.map((name) => `docs/stores/${name}.md`),
];

let text = '';
let shownBy = '';
beforeAll(async () => {
  text = await readDoc('docs/dedup.md');
  shownBy = await readDoc('docs/dedup-proofs.md');
});

/** What stands first in each row of the table whose head begins with this. */
function firstCells(head: string): readonly string[] {
  const table = text.split(`| \`${head}\``)[1]?.split('\n\n')[0] ?? '';
  return tableRows(`| ${head}${table}`).map(([cell = '']) => codeSpans(cell)[0] ?? cell);
}

describe('the tables are those of the code', () => {
  // Compiles only with every kind there is.
  const because: Record<ExecutedBecause['kind'], true> = {
    'no-key': true,
    'not-repeatable': true,
    'no-record': true,
    nested: true,
    'target-changed': true,
    distrusted: true,
    unusable: true,
    'failed-before': true,
    'other-inputs': true,
    'in-flight': true,
    'read-only': true,
    unavailable: true,
    unknown: true,
  };
  const kinds: Record<DedupReport['kind'], true> = {
    executed: true,
    replayed: true,
    'skipped-in-flight': true,
  };
  const fates: Record<RecordFate, true> = {
    kept: true,
    none: true,
    lost: true,
    unknown: true,
    'inputs-changed': true,
    'target-changed': true,
  };

  test('what becomes of a run, why it is executed, and what becomes of its record', () => {
    expect(new Set(firstCells('dedup.kind'))).toEqual(new Set(Object.keys(kinds)));
    expect(firstCells('because').toSorted()).toEqual(Object.keys(because).toSorted());
    expect(firstCells('record').toSorted()).toEqual(Object.keys(fates).toSorted());
  });

  test('policies with their defaults', () => {
    const { waitMs, retentionMs, leaseMs, heartbeatMs, dedupOn, onInFlight, onUnavailable, onMismatch } =
      defaultPolicy(true);
    const rows = tableRows(section(text, 'Policies')).map((cells) =>
      cells.slice(0, 2).map((cell) => codeSpans(cell)[0]),
    );
    const told = Object.fromEntries(rows) as Record<string, string>;
    expect(Object.keys(told).filter((name) => !(name in LEDGER_SHAPE))).toEqual([]);
    expect(told).toEqual({
      'dedup-on': dedupOn,
      'on-in-flight': onInFlight,
      'in-flight-wait': expect.toSatisfy((value: string) => parseDuration(value) === waitMs),
      'on-unavailable': onUnavailable,
      'on-mismatch': onMismatch,
      retention: `${retentionMs / 86_400_000}d`,
      lease: expect.toSatisfy((value: string) => parseDuration(value) === leaseMs),
      'restore-compiled': 'false',
    });
    expect(heartbeatMs).toBe(leaseMs / 4);
  });

  test('the parts of a key', async () => {
    const project = await storeProject('postgres');
    onTestFinished(project.remove);
    const key = await runKey(['build'], { ...project.options, dedup: { data: 'ignore' } });
    expect(key.kind).toBe('derived');
    expect(firstPartCells().toSorted()).toEqual(key.parts.map(({ name }) => name).toSorted());
  });

  function firstPartCells(): readonly string[] {
    return tableRows(section(text, 'The key')).map(([cell = '']) => codeSpans(cell)[0] ?? '');
  }

  test('the limits of what is kept', () => {
    const { maxBytes, maxFileBytes, maxCompiledFiles } = BUNDLE_LIMITS;
    expect(section(text, 'A replay')).toContain(
      `at most ${maxBytes >> 20} MiB together and ${maxFileBytes >> 20} MiB a file, before compression, and ${maxCompiledFiles.toLocaleString('en')} files`,
    );
  });

  test('the options of commands that are shown', () => {
    const shown = blocks(text, 'sh')
      .join('\n')
      .replace(/ -- .*/g, '');
    const options = [...new Set([...shown.matchAll(/--[a-z-]+/g)].map(([option]) => option))];
    expect(options).toContain('--dedup-store');
    for (const option of options) expect(RUN_HELP).toContain(`${option} <`);
  });
});

describe('what each store guarantees', () => {
  interface Proof {
    readonly guarantee: string;
    readonly stores: readonly string[];
    readonly test: string;
    readonly file: string;
  }
  let table: string[][] = [];
  let proofs: Proof[] = [];
  beforeAll(() => {
    table = tableRows(section(text, 'What each store guarantees'));
    let guarantee = '';
    proofs = tableRows(section(shownBy, 'Guarantees of the stores')).map(
      ([first = '', stores = '', test = '', link = '']) => {
        guarantee = first === '' ? guarantee : first.replace(/<a .*<\/a>/, '');
        const file = /\]\(\.\.\/(.+)\)/.exec(link)?.[1] ?? '';
        return { guarantee, stores: stores === 'all' ? STORES : stores.split(', '), test, file };
      },
    );
    expect(table.length).toBeGreaterThanOrEqual(10);
  });

  test('each ✓ has a test that runs on that store', () => {
    for (const [first = '', ...cells] of table) {
      const name = /\[(.+?)\]/.exec(first)?.[1];
      for (const [at, cell] of cells.entries()) {
        if (!cell.startsWith('✓')) continue;
        const shown = proofs.some(
          ({ guarantee, stores }) =>
            guarantee === name && (stores.includes(STORES[at] ?? '') || stores.includes('all')),
        );
        expect(shown, `${first}: ${STORES[at]}`).toBe(true);
      }
    }
  });

  test('each test that is named is in its file', async () => {
    expect(proofs.length).toBeGreaterThan(20);
    for (const { test: name, file } of proofs) await expectTest(file, name);
  });

  test('each suite of contracts runs on the stores that are named', async () => {
    const runs: Record<string, string> = {
      memory: 'sdk/dedup/stores.test.ts',
      file: 'sdk/dedup/stores.test.ts',
      'actions-cache': 'sdk/stores/actions-cache.test.ts',
    };
    for (const { file, stores } of proofs) {
      const suite = /contracts\/store-(contract|races)\.ts|contracts\/(sweep)-contract/.exec(file);
      if (suite === null) {
        const own = /servers\/([\w-]+)\.servers/.exec(file)?.[1];
        if (own !== undefined) expect(stores, file).toEqual([own]);
        continue;
      }
      for (const store of stores) {
        const races = suite[1] === 'races';
        const place =
          races && store === 'file'
            ? 'sdk/dedup/races.test.ts'
            : ((races ? undefined : runs[store]) ?? `servers/${store}.servers.ts`);
        const source = await readDoc(`test/${place}`);
        const call = source.split(
          new RegExp(`${races ? 'storeRaces' : 'storeContract'}\\(\\s*'${store}'`),
        )[1];
        expect(call, `${store} in ${place}`).toBeDefined();
        // Without it a sweep finds nothing that is old.
        if (suite[2] === 'sweep')
          expect(call?.split(/^\}\);|\);$/m)[0], `${store} in ${place}`).toMatch(/\bage\b/);
      }
    }
  });
});

/** A link to what shows a row. */
const PROOF = /\]\(dedup-proofs\.md#([\w-]+)\)$/;

describe('which situation of GitHub gets which guarantee', () => {
  let situations: string[][] = [];
  let proofs: string[][] = [];
  beforeAll(() => {
    situations = tableRows(section(text, 'Which GitHub situation gets which guarantee'));
    proofs = tableRows(section(shownBy, 'Situations in GitHub'));
  });

  test('every situation has an answer of every ledger, and is one that tests show', () => {
    expect(situations.length).toBeGreaterThan(20);
    const shown = proofs.flatMap(([first = '']) => /<a id="([\w-]+)">/.exec(first)?.[1] ?? []);
    for (const [first = '', ...cells] of situations) {
      expect(cells, first).toEqual([
        expect.stringMatching(/./),
        expect.stringMatching(/./),
        expect.stringMatching(/./),
      ]);
      expect(shown, first).toContain(PROOF.exec(first)?.[1]);
    }
    // No proof of what the table does not say.
    for (const anchor of shown)
      expect(situations.map(([first = '']) => first).join(' '), anchor).toContain(
        `(dedup-proofs.md#${anchor})`,
      );
  });

  test('each test that is named is in its file', async () => {
    const ledgers = new Set<string>([...STORES, 'all', 'both']);
    for (const [, ledger = '', name = '', link = ''] of proofs) {
      expect(ledgers, name).toContain(ledger);
      await expectTest(/\]\(\.\.\/(.+)\)/.exec(link)?.[1] ?? '', name);
    }
  });
});

/** One test, and no other of the file, has these words. */
async function expectTest(file: string, words: string): Promise<void> {
  const titles = [...(await readDoc(file)).matchAll(/\btest(?:\.\w+(?:\([^)]*\))?)?\(\s*(['`])(.+?)\1,/g)];
  expect(
    titles
      .map(([, , title = '']) => title.replaceAll(/\$\{\w+\} ?/g, ''))
      .filter((title) => title.includes(words)),
    `${file}: ${words}`,
  ).toHaveLength(1);
}

describe('the pages of the stores', () => {
  test.each(SCRIPTS)('%s: the script that is shown is the one that is run', async (name) => {
    const [script] = blocks(await readDoc(`docs/stores/${name}.md`), 'ts');
    expect(script).toBe(await readDoc(`examples/stores/${name}.ts`));
  });
});

test.each(PAGES)('every link of %s leads somewhere', async (page) => {
  const links = [...(await readDoc(page)).matchAll(/\]\(([^)#\s]*)(?:#([\w-]+))?\)/g)];
  expect(links.length).toBeGreaterThan(0);
  for (const [link, path = '', anchor] of links) {
    if (path.startsWith('https://')) continue;
    const file = path === '' ? page : join(dirname(page), path);
    await expect(access(join(REPOSITORY, file)), link).resolves.toBeUndefined();
    if (anchor !== undefined) expect(anchorsOf(await readDoc(file)), link).toContain(anchor);
  }
});

function anchorsOf(markdown: string): readonly string[] {
  const headings = [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
  return [...headings, ...[...markdown.matchAll(/<a id="([\w-]+)">/g)].map(([, id = '']) => id)];
}
