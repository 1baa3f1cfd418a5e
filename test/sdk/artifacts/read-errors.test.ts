import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { open, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readCatalog, readManifest, readRunResults, readSources } from '../../../sdk/artifacts/read.ts';
import { MAX_BYTES, readUnchanged } from '../../../sdk/artifacts/read-text.ts';
import { failure, pantry, pantryPath, tempFolder } from './temp-files.ts';

const folder = tempFolder();
const RESULTS = JSON.stringify(pantry('1.11', 'run_results'));

describe('the file', () => {
  test.each([
    [readRunResults, 'runs nodes'],
    [readManifest, 'dbt parse'],
    [readSources, 'dbt source freshness'],
    [readCatalog, 'dbt docs generate'],
  ] as const)('missing: the hint of %o says what writes it', async (read, said) => {
    const path = join(folder.path, 'no-such.json');
    const error = await failure(read(path));
    expect(error).toMatchObject({ code: 'artifact-missing', cause: { code: 'ENOENT' } });
    expect(error.message).toContain(path);
    expect(error.hint).toContain(said);
  });

  test('missing: a file stands where its folder should be', async () => {
    const file = folder.write('a-file', 'x');
    expect(await failure(readManifest(join(file, 'manifest.json')))).toMatchObject({
      code: 'artifact-missing',
    });
  });

  test('a folder', async () => {
    const path = join(folder.path, 'target');
    mkdirSync(path);
    const error = await failure(readManifest(path));
    expect(error).toMatchObject({
      code: 'artifact-unreadable',
      hint: expect.stringContaining('target/manifest.json'),
    });
    expect(error.message).toBe(`${path}: this is a folder`);
  });

  test.skipIf(process.platform === 'win32')(
    'a named pipe without a writer does not make the reader wait',
    async () => {
      const path = join(folder.path, 'pipe');
      expect(spawnSync('mkfifo', [path]).status).toBe(0);
      expect(await failure(readManifest(path))).toMatchObject({ code: 'artifact-unreadable' });
    },
  );

  test.skipIf(process.platform === 'win32')('a link that leads to itself', async () => {
    const path = join(folder.path, 'loop');
    symlinkSync(path, path);
    const error = await failure(readManifest(path));
    expect(error).toMatchObject({ code: 'artifact-unreadable', cause: { code: 'ELOOP' } });
    expect(error.message).toContain(path);
  });

  test.skipIf(process.platform === 'win32')('no permission', async () => {
    const path = folder.write('forbidden.json', RESULTS);
    chmodSync(path, 0);
    // The superuser may read anything, so as root this is asked of a process of a lesser user.
    if (process.getuid?.() === 0) {
      chmodSync(folder.path, 0o755);
      const reader = new URL('../../../sdk/artifacts/read.ts', import.meta.url).href;
      const script = `const { readRunResults } = await import(${JSON.stringify(reader)});
        process.setgid(65534); process.setuid(65534);
        await readRunResults(${JSON.stringify(path)}).catch((error) => console.log(JSON.stringify(error.code) + error.hint));`;
      const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
      expect(child.stderr).toBe('');
      expect(child.stdout).toMatch(/^"artifact-unreadable".*right to read/);
    } else {
      expect(await failure(readRunResults(path))).toMatchObject({
        code: 'artifact-unreadable',
        hint: expect.stringContaining('right to read'),
      });
    }
  });

  test('a path no file can have', async () => {
    expect(await failure(readManifest('a\0b'))).toMatchObject({ code: 'artifact-unreadable' });
  });

  test.each([
    ['no byte', ''],
    ['white space', ' \n\t\r\n'],
    ['much white space', ' '.repeat(10_000)],
    ['a byte order mark', '\ufeff'],
  ])('empty: %s', async (_, content) => {
    const path = folder.write('empty.json', content);
    const error = await failure(readManifest(path));
    expect(error.code).toBe('artifact-empty');
    expect(error.message).toContain(path);
  });

  test('too large, said before it is read', async () => {
    const path = folder.write('large.json', RESULTS);
    const size = Buffer.byteLength(RESULTS);
    await expect(readRunResults(path, { maxBytes: size })).resolves.toBeDefined();
    const error = await failure(readRunResults(path, { maxBytes: size - 1 }));
    expect(error).toMatchObject({ code: 'artifact-too-large', hint: expect.stringContaining('maxBytes') });
    expect(error.message).toContain(`${size} bytes`);
  });

  test('larger than a string of Node can be', async () => {
    const path = folder.write('sparse.json', '');
    const handle = await open(path, 'r+');
    await handle.truncate(MAX_BYTES + 1);
    await handle.close();
    for (const options of [
      {},
      { maxBytes: Number.MAX_SAFE_INTEGER },
      { maxBytes: Number.POSITIVE_INFINITY },
    ]) {
      expect(await failure(readManifest(path, options))).toMatchObject({
        code: 'artifact-too-large',
        hint: expect.stringContaining('Node'),
      });
    }
  });

  test.each([0, -1, Number.NaN])('maxBytes %d is no size', async (maxBytes) => {
    expect(await failure(readManifest(pantryPath('1.11', 'manifest'), { maxBytes }))).toMatchObject({
      code: 'invalid-options',
    });
  });
});

describe('the text', () => {
  test('cut off anywhere it is called truncated', async () => {
    for (const part of [0.001, 0.1, 0.5, 0.9, 0.999]) {
      const path = folder.write('cut.json', RESULTS.slice(0, Math.ceil(RESULTS.length * part)));
      const error = await failure(readRunResults(path));
      expect(error.code).toBe('artifact-truncated');
      expect(error.message).toContain(path);
      expect(error.cause).toBeInstanceOf(SyntaxError);
    }
  });

  test('not JSON: the message tells the line and what stands there', async () => {
    const error = await failure(
      readManifest(folder.write('page.json', '{\n"a": 1,\n<html>Sign in</html>\n\n')),
    );
    expect(error.code).toBe('artifact-not-json');
    expect(error.message).toContain('line 3 has "<html>Sign in</html>');
    expect(error.cause).toBeInstanceOf(SyntaxError);
  });

  test('text after the end is not JSON', async () => {
    expect(await failure(readRunResults(folder.write('twice.json', RESULTS + RESULTS)))).toMatchObject({
      code: 'artifact-not-json',
    });
  });

  test.each([
    ['UTF-16', Buffer.from(`\ufeff${RESULTS}`, 'utf16le')],
    ['gzip', Buffer.from([0x1f, 0x8b, 0x08, 0x00])],
    ['Latin-1', Buffer.from('{"a": "\u00e9"}', 'latin1')],
  ])('not UTF-8: %s', async (_, content) => {
    const error = await failure(readRunResults(folder.write('bytes.json', content)));
    expect(error.code).toBe('artifact-not-json');
    expect(error.message).toContain('not UTF-8');
  });

  test('a byte order mark is passed over', async () => {
    const path = folder.write('mark.json', `\ufeff${RESULTS}`);
    expect((await readRunResults(path)).results.length).toBe(pantry('1.11', 'run_results').results.length);
  });

  test('text beyond ASCII is kept', async () => {
    const results = pantry('1.11', 'run_results');
    results.results[0].message = 'Größe 大 🧂';
    const read = await readRunResults(folder.write('unicode.json', results));
    expect(read.results[0]?.message).toBe('Größe 大 🧂');
  });

  test('NaN and infinities, as Python writes them, are null', async () => {
    const manifest = pantry('1.11', 'manifest');
    manifest.nodes['model.pantry.broken'].meta = 'HERE';
    const text = JSON.stringify(manifest).replace(
      '"HERE"',
      '{"a": NaN, "b": [Infinity, -Infinity], "c": "NaN"}',
    );
    const read = await readManifest(folder.write('nan.json', text));
    expect(read.nodes['model.pantry.broken']?.['meta']).toEqual({ a: null, b: [null, null], c: 'NaN' });
  });

  test('NaN where a number is needed is a fault of that place', async () => {
    const text = RESULTS.replace(/"elapsed_time":[\d.]+/, '"elapsed_time":NaN');
    const error = await failure(readRunResults(folder.write('nan-time.json', text)));
    expect(error.code).toBe('artifact-invalid');
    expect(error.message).toContain('elapsed_time should be a number, but is null');
  });
});

test.each([
  ['lists', '['],
  ['objects', '{"":'],
])('nesting without end: %s', { timeout: 20_000 }, async (_, bracket) => {
  const path = folder.write('deep.json', bracket.repeat(1_000_000));
  expect(await failure(readManifest(path))).toMatchObject({ code: 'artifact-truncated' });
});

describe('a file that changes while it is read', () => {
  const OTHER = JSON.stringify({ ...pantry('1.11', 'run_results'), results: [] });
  const file = (path: string) => ({ kind: 'run-results', path }) as const;

  /** A handle whose first read is followed by a change of the file, before the reader looks again. */
  async function readWhile(path: string, change: () => Promise<void>): Promise<Buffer | undefined> {
    const handle = await open(path, 'r');
    let changed = false;
    try {
      const steered = {
        stat: handle.stat.bind(handle),
        read: async (buffer: Buffer, offset: number, length: number, position: number) => {
          const half = changed ? length : Math.ceil(length / 2);
          const outcome = await handle.read(buffer, offset, half, position);
          if (!changed) {
            changed = true;
            await change();
          }
          return outcome;
        },
      };
      return await readUnchanged(steered as unknown as typeof handle, file(path), MAX_BYTES);
    } finally {
      await handle.close();
    }
  }

  test('left alone, it comes back whole, also in several reads', async () => {
    const path = folder.write('calm.json', RESULTS);
    expect((await readWhile(path, async () => {}))?.toString()).toBe(RESULTS);
  });

  test('replaced by renaming: the old one comes back whole', async () => {
    const path = folder.write('renamed.json', RESULTS);
    const bytes = await readWhile(path, async () => rename(folder.write('new.json', OTHER), path));
    // Renaming over it changes the old file's ctime on some systems, and then it is read again.
    if (bytes !== undefined) expect(bytes.toString()).toBe(RESULTS);
    expect((await readRunResults(path)).results).toEqual([]);
  });

  test.each([
    ['shorter', OTHER],
    ['longer', `${RESULTS}  `],
    ['of the same length', RESULTS.replaceAll('a', 'b')],
    ['emptied', ''],
  ])('written over, %s: nothing comes back', async (_, content) => {
    const path = folder.write('over.json', RESULTS);
    expect(await readWhile(path, () => writeFile(path, content))).toBeUndefined();
  });

  test('a writer that never rests: a whole file or an error, never half of one', async () => {
    const path = folder.write('busy.json', RESULTS);
    const whole = new Set([pantry('1.11', 'run_results').results.length, 0]);
    const seen: string[] = [];
    let reading = true;
    const writer = (async () => {
      for (let i = 0; reading; i += 1) await writeFile(path, i % 2 === 0 ? OTHER : RESULTS);
    })();
    for (let i = 0; i < 40; i += 1) {
      const outcome = await readRunResults(path).then(
        (read) => (whole.has(read.results.length) ? 'whole' : 'half'),
        (error: { code: string }) => error.code,
      );
      seen.push(outcome);
    }
    reading = false;
    await writer;
    const allowed = ['whole', 'artifact-unreadable', 'artifact-truncated', 'artifact-empty'];
    expect(seen.filter((outcome) => !allowed.includes(outcome))).toEqual([]);
  });

  test.each(['size', 'mtimeNs', 'ctimeNs'] as const)('%s alone tells of a change', async (fact) => {
    const path = folder.write('facts.json', RESULTS);
    const handle = await open(path, 'r');
    const stat = await handle.stat({ bigint: true });
    const answers = [stat, { ...stat, [fact]: stat[fact] + 1n }];
    const steered = { stat: async () => answers.shift(), read: handle.read.bind(handle) };
    expect(await readUnchanged(steered as unknown as typeof handle, file(path), MAX_BYTES)).toBeUndefined();
    await handle.close();
  });

  test('an end before the end is a change', async () => {
    const path = folder.write('short.json', RESULTS);
    const handle = await open(path, 'r');
    const steered = { stat: handle.stat.bind(handle), read: async () => ({ bytesRead: 0 }) };
    expect(await readUnchanged(steered as unknown as typeof handle, file(path), MAX_BYTES)).toBeUndefined();
    await handle.close();
  });

  test('one that is always changing is an error that says so', { timeout: 30_000 }, async () => {
    const path = folder.write('never-still.json', RESULTS);
    let reading = true;
    const writer = (async () => {
      for (let i = 0; reading; i += 1) {
        writeFileSync(path, RESULTS + ' '.repeat(i % 5));
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    const outcomes: string[] = [];
    while (!outcomes.includes('artifact-unreadable') && outcomes.length < 200) {
      outcomes.push(
        await readRunResults(path).then(
          () => 'whole',
          (error: { code: string }) => error.code,
        ),
      );
    }
    reading = false;
    await writer;
    expect(outcomes).toContain('artifact-unreadable');
  });
});
