import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createStopLadder } from '../../../sdk/runtimes/stop-ladder.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function ladder(forceKillAfterMs = 6000) {
  const begin = Date.now();
  const sent: string[] = [];
  const subject = createStopLadder(forceKillAfterMs, (signal, cause) => {
    sent.push(`${Date.now() - begin} ${signal} ${cause}`);
  });
  return { subject, sent };
}

test('SIGINT at once, SIGTERM after 3 s, SIGKILL after 6 s', () => {
  const { subject, sent } = ladder();
  subject.stop('timed-out');
  vi.advanceTimersByTime(60_000);
  expect(sent).toEqual(['0 SIGINT timed-out', '3000 SIGTERM timed-out', '6000 SIGKILL timed-out']);
});

test('each further request takes the next step at once; the first cause stays', () => {
  const { subject, sent } = ladder();
  subject.stop('cancelled');
  vi.advanceTimersByTime(1000);
  subject.stop('signal');
  vi.advanceTimersByTime(60_000);
  expect(sent).toEqual(['0 SIGINT cancelled', '1000 SIGTERM cancelled', '4000 SIGKILL cancelled']);
  expect(subject.cause).toBe('cancelled');
});

test('nothing is sent once the process has ended', () => {
  const { subject, sent } = ladder();
  subject.stop('signal');
  subject.dispose();
  vi.advanceTimersByTime(60_000);
  subject.stop('signal');
  expect(sent).toEqual(['0 SIGINT signal']);
});

test('a delay of zero kills at once', () => {
  const { subject, sent } = ladder(0);
  subject.stop('cancelled');
  vi.advanceTimersByTime(1);
  expect(sent).toHaveLength(3);
});
