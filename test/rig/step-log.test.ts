import { expect, test } from 'vitest';
import { createMasks } from '../support/runner/masks.ts';
import { createStepLog } from '../support/runner/step-log.ts';

function logOf(...lines: string[]) {
  const log = createStepLog(createMasks());
  for (const line of lines) log.push(line);
  return log;
}

test('annotations with their place, escapes undone', () => {
  const log = logOf('::error file=models/a%2Cb.sql,line=3,title=Failed%3A x::first%0Asecond 100%25%0D');
  expect(log.annotations).toEqual([
    {
      level: 'error',
      message: 'first\nsecond 100%\r',
      title: 'Failed: x',
      file: 'models/a,b.sql',
      line: 3,
    },
  ]);
  expect(log.lines).toEqual(['##[error]first\nsecond 100%\r']);
});

test('ten of a level are kept, and cut at 4096 characters', () => {
  const log = logOf(
    ...Array.from({ length: 12 }, (_, at) => `::warning::${at} ${'x'.repeat(5000)}`),
    '::notice::n',
  );
  expect(log.annotations.map((one) => one.level)).toEqual([...Array(10).fill('warning'), 'notice']);
  expect(log.annotations[0]?.message).toHaveLength(4096);
  expect(log.droppedAnnotations).toBe(2);
});

test('what is no command stays a line', () => {
  const lines = ['text ::error::x', '::unknown::x', '::error', ':: error::x', 'Z::group::x'];
  const log = logOf(...lines);
  expect(log.lines).toEqual(lines);
  expect(log.annotations).toEqual([]);
});

test('blanks before a command and its case do not matter', () => {
  expect(logOf('  ::Error::x').annotations).toEqual([{ level: 'error', message: 'x' }]);
});

test('between the marks of stop-commands nothing is obeyed but the token', () => {
  const log = logOf(
    '::stop-commands::Token1',
    '::error::not obeyed',
    '::add-mask::log',
    '::other::',
    '::stop-commands::mine',
    '::mine::',
    '::group::no',
    '::token1::',
    '::error::obeyed',
  );
  expect(log.annotations.map((one) => one.message)).toEqual(['obeyed']);
  expect(log.groups).toEqual([]);
  expect(log.lines).toContain('::add-mask::log');
  expect(log.readsCommands).toBe(true);
  expect(logOf('::stop-commands::t', '::error::x').readsCommands).toBe(false);
});

test('a token that is a command of its own is refused', () => {
  const log = logOf('::stop-commands::error', '::notice::still read');
  expect(log.annotations.map((one) => one.level)).toEqual(['error', 'notice']);
});

test('masks hold for later lines, for each line of a secret and for its other forms', () => {
  const log = logOf(
    '::add-mask::top"secret%0Asecond/line',
    '::add-mask::secret',
    'say top"secret or second/line',
    JSON.stringify({ password: 'top"secret' }),
    `url?p=${encodeURIComponent('second/line')} ${Buffer.from('top"secret').toString('base64')}`,
    '::error::it is second/line',
    '::group::second/line',
  );
  expect(log.lines).toEqual([
    'say *** or ***',
    '{"password":"***"}',
    'url?p=*** ***',
    '##[error]it is ***',
    '##[group]***',
  ]);
  expect(log.annotations[0]?.message).toBe('it is ***');
  expect(log.groups).toEqual(['***']);
});

test('an empty mask hides nothing', () => {
  expect(logOf('::add-mask:: ', 'a b').lines).toEqual([expect.stringContaining('empty string'), 'a b']);
});

test('state and outputs may come as commands too', () => {
  const log = logOf('::save-state name=pid::12', '::set-output name=a::b%0Ac');
  expect(Object.fromEntries(log.state)).toEqual({ pid: '12' });
  expect(Object.fromEntries(log.outputs)).toEqual({ a: 'b\nc' });
});
