import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { runSchedule, type Sabotage } from '../../contracts/simulated-ledger.ts';
import { seededRandom } from '../../support/random.ts';

const SCHEDULES = 10_000;
const SKEW_MS = 10 * 60_000;

// Whoever looks at a clock of this host sees one that is up to ten minutes off, another one each time. The store has its
// own, and that alone may count.
beforeEach(() => {
  const skew = seededRandom('skewed clocks');
  const real = Date.now;
  vi.spyOn(Date, 'now').mockImplementation(() => real() + skew.int(-SKEW_MS, SKEW_MS));
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** How many schedules it takes until something goes wrong; undefined when nothing does. */
async function firstWrong(schedules: number, sabotage?: Sabotage): Promise<string | undefined> {
  const random = seededRandom('schedules of a lease');
  for (let at = 0; at < schedules; at += 1) {
    const wrong = await runSchedule(random, sabotage);
    if (wrong.length > 0) return `schedule ${at}: ${[...new Set(wrong)].join('; ')}`;
  }
  return undefined;
}

test(`${SCHEDULES} random schedules: one winner a claim, no finish lost, no late overwrite`, async () => {
  expect(await firstWrong(SCHEDULES)).toBeUndefined();
}, 120_000);

describe('the checks themselves find a store that', () => {
  test('replaces without comparing', async () => {
    const wrong = await firstWrong(SCHEDULES, (request, current) =>
      request.expected === undefined ? request : { ...request, expected: current },
    );
    expect(wrong).toMatch(/late owner|two owners|after the end|finish was lost|told that it lost/);
  });

  test('creates without comparing', async () => {
    const wrong = await firstWrong(SCHEDULES, (request, current) =>
      request.expected === undefined ? { ...request, expected: current } : request,
    );
    expect(wrong).toMatch(/two winners|two owners|taken over|after the end/);
  });
});
