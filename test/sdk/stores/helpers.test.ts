import { describe, expect, test } from 'vitest';
import { parseContent, printContent } from '../../../sdk/stores/object-content.ts';
import { ageOf } from '../../../sdk/stores/object-service.ts';
import { loadPeer } from '../../../sdk/stores/peer.ts';
import { prefixOf } from '../../../sdk/stores/prefix.ts';
import { within } from '../../../sdk/stores/within.ts';
import { readBounded } from '../../../sdk/util/read-bounded.ts';
import { reasonOf } from '../../../sdk/util/reason.ts';

describe('a library that is not installed', () => {
  test('is named, with what to install', async () => {
    const name = 'not-a-package-of-anyone';
    await expect(loadPeer(() => import(name), name, 'redis')).rejects.toMatchObject({
      code: 'invalid-options',
      message: `The redis store needs the package ${name}, which is not installed`,
      hint: expect.stringContaining(`npm install ${name}`),
    });
  });

  test('is not blamed for what it needs in turn, or for a defect of its own', async () => {
    const inner = 'not-a-package-of-anyone';
    await expect(loadPeer(() => import(inner), 'redis', 'redis')).rejects.toMatchObject({
      code: 'ERR_MODULE_NOT_FOUND',
    });
    await expect(loadPeer(() => Promise.reject(new Error('defect')), 'redis', 'redis')).rejects.toThrow(
      'defect',
    );
  });
});

describe('a bound on waiting', () => {
  test('passes an answer on, and what is thrown', async () => {
    expect(await within(60_000, async () => 'answer')).toBe('answer');
    await expect(within(60_000, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  });

  test('answers for what keeps silent, and tells it that nobody waits', async () => {
    let signal: AbortSignal | undefined;
    const silent = within(5, (given) => {
      signal = given;
      return new Promise<string>(() => undefined);
    });
    expect(await silent).toEqual({ kind: 'unknown', why: 'no answer within 5 ms', again: false });
    expect(signal?.aborted).toBe(true);
  });
});

describe('a reason', () => {
  test.each([
    [new Error('outer', { cause: new Error('inner') }), 'outer: inner'],
    [new Error('the same', { cause: new Error('the same') }), 'the same'],
    [new AggregateError([new Error('one'), new Error('two')]), 'one, two'],
    [Object.assign(new Error(''), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
    [new Error('two\n  lines'), 'two lines'],
    ['a string', 'a string'],
    [new Error('x'.repeat(1000)), `${'x'.repeat(300)}…`],
  ])('of %o is one short line', (thrown, line) => {
    expect(reasonOf(thrown)).toBe(line);
  });
});

describe('a prefix', () => {
  test.each([
    [undefined, 'dbt-runcache'],
    ['a/b', 'a/b'],
    ['/a_B-1.2/', 'a_B-1.2'],
  ])('%s is %s', (given, prefix) => {
    expect(prefixOf(given)).toBe(prefix);
  });

  test.each(['', '/', 'a//b', '../a', 'a/..', 'a b', 'ä', 'x'.repeat(201)])('%s is refused', (given) => {
    expect(() => prefixOf(given)).toThrow(expect.objectContaining({ code: 'invalid-options' }));
  });
});

describe('the content of an object', () => {
  test('comes back, and is never the same bytes twice', () => {
    const content = { kind: 'value', value: 'a\n{"b": "✓"}\n', retainMs: 5 } as const;
    const [one, two] = [printContent(content), printContent(content)];
    expect(parseContent(one)).toEqual(content);
    expect(Buffer.compare(one, two)).not.toBe(0);
    expect(parseContent(printContent({ kind: 'removed' }))).toEqual({ kind: 'removed' });
  });

  test.each([
    '',
    'text',
    '{"schemaVersion":1,"retainMs":5}',
    '{"schemaVersion":2,"retainMs":5}\nx',
    '{"schemaVersion":1}\nx',
    '{"schemaVersion":1,"ret\nx',
    'null\nx',
  ])('%j is none', (text) => {
    expect(parseContent(Buffer.from(text))).toBeUndefined();
  });
});

test('an object is never said to be older than it is', () => {
  const [written, asked] = [Date.UTC(2030, 0, 1, 0, 0, 0, 999), Date.UTC(2030, 0, 1, 0, 0, 3, 0)];
  const wholeSeconds = (ms: number): number => Math.floor(ms / 1000) * 1000;
  expect(ageOf(wholeSeconds(asked), wholeSeconds(written))).toBeLessThanOrEqual(asked - written);
  expect(ageOf(asked, asked + 60_000)).toBe(0);
  expect(ageOf(Number.NaN, asked)).toBeUndefined();
  expect(ageOf(asked, Number.NaN)).toBeUndefined();
});

test('a stream is read whole, or not at all', async () => {
  const stream = async function* () {
    yield new Uint8Array([1, 2]);
    yield new Uint8Array([3]);
  };
  expect(await readBounded(stream(), 3)).toEqual(new Uint8Array([1, 2, 3]));
  expect(await readBounded(stream(), 2)).toBeUndefined();
});
