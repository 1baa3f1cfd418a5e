import { expect, test } from 'vitest';
import { createByteTail } from '../../../sdk/util/byte-tail.ts';

test('keeps the end, across chunks', () => {
  const tail = createByteTail(10);
  for (const chunk of ['0123456', '789abc', 'def', 'ghi']) tail.push(Buffer.from(chunk));
  expect(tail.text()).toBe('9abcdefghi');
});

test('keeps everything while it is less', () => {
  const tail = createByteTail(10);
  tail.push(Buffer.from('abc'));
  expect(tail.text()).toBe('abc');
});

test('one huge chunk costs no more than the limit', () => {
  const tail = createByteTail(4);
  tail.push(Buffer.alloc(1 << 20, 'x'));
  tail.push(Buffer.from('end'));
  expect(tail.text()).toBe('xend');
});

test('bytes that are no UTF-8 are shown as such', () => {
  const tail = createByteTail(10);
  tail.push(Buffer.from([0x61, 0xff]));
  expect(tail.text()).toBe('a\ufffd');
});
