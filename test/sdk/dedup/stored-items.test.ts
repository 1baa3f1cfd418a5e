import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { fetchItems, saveItems } from '../../../sdk/dedup/stored-items.ts';
import { memoryStore } from '../../../sdk/stores/memory.ts';

const DAY = 86_400_000;
const store = memoryStore();
const part = (name: string, items?: Readonly<Record<string, string>>) => ({
  name,
  digest: 'a'.repeat(64),
  ...(items === undefined ? {} : { items }),
});
const numbered = (count: number, word = 'models/m') =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`${word}_${i}.sql`, 'ab12']));

async function roundTrip(parts: Parameters<typeof saveItems>[1]) {
  const answer = await saveItems(store, parts, DAY);
  if (answer.kind !== 'saved') return answer;
  const fetched = await fetchItems(store, answer.items);
  return fetched.kind === 'fetched' ? fetched.items : fetched;
}

describe('the items of a key', () => {
  test('come back by part and item, whatever their names', async () => {
    const odd = JSON.parse('{"__proto__":"1","a\\"b\\n":"2","constructor":"3"}') as Record<string, string>;
    const items = await roundTrip([
      part('code', odd),
      part('vars', { start: 'ff' }),
      part('data'),
      part('env', {}),
    ]);
    expect(Object.keys(items)).toEqual(['vars', 'code']);
    expect(JSON.stringify((items as unknown as Record<string, unknown>)['code'])).toBe(JSON.stringify(odd));
  });

  test('are nothing where no part has any', async () => {
    expect(await roundTrip([part('data'), part('env', {})])).toEqual({ kind: 'none' });
  });

  test('a part with too many goes without, the others stay', async () => {
    const items = await roundTrip([part('code', numbered(65_536)), part('vars', { start: 'ff' })]);
    expect(items).toEqual({ vars: { start: 'ff' } });
    expect(Object.keys(await roundTrip([part('code', numbered(65_536))]))).toEqual(['code']);
    const wide = await roundTrip([
      part('code', numbered(20_000, 'x'.repeat(420))),
      part('vars', { start: 'ff' }),
    ]);
    expect(wide).toEqual({ vars: { start: 'ff' } });
  });

  test.each<[string, string]>([
    ['no JSON', '{'],
    ['an array', '[]'],
    ['null', 'null'],
    ['a part that is no object', '{"code":"a"}'],
    ['a part that is an array', '{"code":["a"]}'],
    ['a digest that is none', '{"code":{"a":"<b>"}}'],
    ['a digest that is a number', '{"code":{"a":1}}'],
    ['a digest that is too long', `{"code":{"a":"${'a'.repeat(65)}"}}`],
    ['too many', JSON.stringify({ code: numbered(65_537) })],
    ['too much', JSON.stringify({ code: numbered(200_000, 'x'.repeat(40)) })],
    ['a bomb', '\0'.repeat(100 << 20)],
  ])('that are %s are corrupt', async (_what, text) => {
    const bytes = gzipSync(text);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    await store.putBlob(`items/${sha256}`, bytes, DAY);
    expect(await fetchItems(store, { sha256, bytes: bytes.length })).toMatchObject({ kind: 'corrupt' });
  });

  test('that are not there are absent', async () => {
    expect(await fetchItems(store, { sha256: 'a'.repeat(64), bytes: 9 })).toMatchObject({ kind: 'absent' });
  });
});
