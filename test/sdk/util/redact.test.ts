import { describe, expect, test } from 'vitest';
import { createRedactor } from '../../../sdk/util/redact.ts';
import { seededRandom } from '../../support/random.ts';

describe('text', () => {
  test('hides every occurrence, the longer secret first', () => {
    const redactor = createRedactor(['pass', 'password1']);
    expect(redactor.text('password1, pass, password1')).toBe('***, ***, ***');
  });

  test('hides each line of a secret of several lines', () => {
    const redactor = createRedactor(['-----BEGIN-----\nMIIabc\n-----END-----']);
    expect(redactor.text('one line: MIIabc')).toBe('one line: ***');
  });

  test('hides a secret written into JSON and into a URL', () => {
    const redactor = createRedactor(['p"w/1']);
    expect(redactor.text(JSON.stringify({ p: 'p"w/1' }))).toBe('{"p":"***"}');
    expect(redactor.text(`postgres://u:${encodeURIComponent('p"w/1')}@h`)).toBe('postgres://u:***@h');
  });

  test('takes a secret literally, not as a pattern', () => {
    expect(createRedactor(['a.c$']).text('abc$ a.c$')).toBe('abc$ ***');
  });

  test('ignores what would hide everything', () => {
    expect(createRedactor(['', ' ', 'a']).text('a banana')).toBe('a banana');
  });
});

test('deep hides in keys and values and leaves other types as they are', () => {
  const redactor = createRedactor(['s3cret']);
  expect(redactor.deep({ 'x-s3cret': ['s3cret', 1, null, { on: true }] })).toEqual({
    'x-***': ['***', 1, null, { on: true }],
  });
});

describe('stream', () => {
  test('gives back what cannot be the beginning of a secret at once', () => {
    const stream = createRedactor(['s3cret']).stream();
    expect(stream.push(Buffer.from('hello s3')).toString()).toBe('hello ');
    expect(stream.push(Buffer.from('x')).toString()).toBe('s3x');
    expect(stream.push(Buffer.from('tail s')).toString()).toBe('tail ');
    expect(stream.end().toString()).toBe('s');
  });

  test('is the same as hiding in the whole, however the bytes are cut', () => {
    const random = seededRandom('redact stream');
    for (let round = 0; round < 300; round += 1) {
      const secrets = Array.from({ length: random.int(1, 3) }, () => word(random.int(2, 6)));
      const text = Array.from({ length: random.int(0, 12) }, () =>
        random.next() < 0.4 ? random.pick(secrets) : word(random.int(0, 8)),
      ).join('');
      const redactor = createRedactor(secrets);
      const stream = redactor.stream();
      const bytes = Buffer.from(text);
      let out = '';
      for (let at = 0; at < bytes.length; ) {
        const size = random.int(1, 5);
        out += stream.push(bytes.subarray(at, at + size)).toString('latin1');
        at += size;
      }
      out += stream.end().toString('latin1');
      for (const secret of secrets) expect(out, `secrets ${secrets}, text ${text}`).not.toContain(secret);
      expect(out, `secrets ${secrets}, text ${text}`).toBe(redactor.text(text));
    }

    function word(length: number): string {
      return Array.from({ length }, () => random.pick(['a', 'b', 'c'])).join('');
    }
  });

  test('passes bytes that are no UTF-8 through untouched', () => {
    const stream = createRedactor(['s3cret']).stream();
    const bytes = Buffer.from([0xff, 0xfe, 0x00, 0x80]);
    expect(Buffer.concat([stream.push(bytes), stream.end()])).toEqual(bytes);
  });
});
