import { expect, test } from 'vitest';
import { fusionSeconds, pluginSeconds } from '../../../../sdk/plan/state/duration-text.ts';
import { type Random, seededRandom } from '../../../support/random.ts';
import { askPlugin } from './plugin-config.ts';

test('durations in words and digits', () => {
  expect(pluginSeconds('2700')).toBe(2700);
  expect(pluginSeconds('45m')).toBe(2700);
  expect(pluginSeconds('1h30m')).toBe(5400);
  expect(pluginSeconds('1 day, 2 hours')).toBe(93_600);
  expect(pluginSeconds('45:00')).toBe(2700);
  expect(pluginSeconds('-5m')).toBe(-300);
  expect(pluginSeconds('banana')).toBeUndefined();
  expect(pluginSeconds('')).toBeUndefined();
  expect(pluginSeconds('٤٥')).toBeNull();
});

test('however many blanks stand where blanks may, and on much longer texts only the plugin can tell', () => {
  expect(pluginSeconds(`1d${' '.repeat(10_000)}`)).toBe(86_400);
  expect(pluginSeconds(`1d${' '.repeat(10_000)}2h${' '.repeat(10_000)}`)).toBe(93_600);
  expect(pluginSeconds(`1d${' '.repeat(10_000)}x`)).toBeUndefined();
  const long = ['1', '1.', '1 ', '1d ', '1d, ', ' /', 'x', '1y', '00:', '1_', '.', 's', '-', '?.'];
  const ends = ['', 'x', ' x', ' d', ':00'];
  for (const piece of long) {
    for (const end of ends) {
      const text = piece.repeat(10_000 / piece.length) + end;
      expect(pluginSeconds(text), `${piece}…${end}`).toBeNull();
      // The longest that the shapes are tried on: that it is answered at all is the point.
      const most = piece.repeat(64).slice(0, 64 - end.length) + end;
      expect(pluginSeconds(most), `${most}`).not.toBeNull();
      fusionSeconds(text);
    }
  }
});

const PIECES = [
  ...[
    '0',
    '1',
    '5',
    '30',
    '45',
    '2700',
    '1.5',
    '.5',
    '1.',
    '1..2',
    '.',
    '00',
    '007',
    '1_000',
    '9'.repeat(15),
  ],
  ...[
    's',
    'sec',
    'secs',
    'second',
    'seconds',
    'm',
    'min',
    'mins',
    'minute',
    'minutes',
    'h',
    'hr',
    'hrs',
    'hour',
  ],
  ...[
    'd',
    'dy',
    'day',
    'days',
    'w',
    'wk',
    'weeks',
    'mo',
    'mos',
    'mth',
    'months',
    'y',
    'yr',
    'yrs',
    'yrsx',
    'years',
  ],
  ...[
    'ms',
    'msec',
    'millis',
    'milliseconds',
    ' ',
    '  ',
    ',',
    '/',
    ':',
    ':30',
    '-',
    '+',
    '|',
    'e3',
    'nan',
    'inf',
  ],
  ...['banana', 'M', 'H', 'Days', 'x', 'P1D', '\t'],
];

function anyText(random: Random): string {
  return Array.from({ length: random.int(1, 6) }, () => random.pick(PIECES)).join('');
}

/** Near what people write: numbers with units, the larger first. */
function likelyText(random: Random): string {
  const units = ['y', 'mo', 'w', 'days', 'h', 'm', 's', 'ms'].filter(() => random.next() < 0.35);
  const gap = random.pick(['', ' ']);
  const between = random.pick(['', ' ', ', ', '/', ' , ']);
  const number = () => random.pick([String(random.int(0, 99)), `${random.int(0, 9)}.${random.int(0, 99)}`]);
  return random.pick(['', '', '-', '+ ']) + units.map((unit) => number() + gap + unit).join(between);
}

test('a seeded pile of texts is read as the plugin’s own parser reads it', async () => {
  const random = seededRandom('durations');
  const texts = Array.from({ length: 6000 }, (_, at) =>
    at % 2 === 0 ? anyText(random) : likelyText(random),
  );
  const answers = await askPlugin<number | null>(texts.map((duration) => ({ duration })));
  const wrong = texts.flatMap((text, at) => {
    const ours = pluginSeconds(text);
    if (ours === null) return [];
    const theirs = answers[at] ?? undefined;
    // Numbers that floats hold inexactly may fall to either side of a whole second.
    const isSame =
      ours === theirs ||
      (ours !== undefined && theirs !== undefined && Math.abs(ours - theirs) <= Math.abs(theirs) * 1e-9);
    return isSame ? [] : [{ text, ours, theirs }];
  });
  expect(wrong).toEqual([]);
  const accepted = answers.filter((one) => one !== null).length;
  expect(accepted).toBeGreaterThan(1000);
  expect(texts.length - accepted).toBeGreaterThan(1000);
});

test('dbt v2 takes one whole number with one unit', () => {
  const read = ['45m', '45', '45 m', '-5m', ' 45M ', '45mins', '45 minutes', '+5', '5 sec', '1day', '2hrs'];
  expect(read.map(fusionSeconds)).toEqual([2700, 45, 2700, -300, 2700, 2700, 2700, 5, 5, 86_400, 7200]);
  for (const text of ['1h30m', '1.5h', '1w', '45:00', '5ms', '5_0', 'banana', '', 'm']) {
    expect(fusionSeconds(text)).toBeUndefined();
  }
});
