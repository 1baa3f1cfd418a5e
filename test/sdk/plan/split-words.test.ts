import { describe, expect, test } from 'vitest';
import { DbtRunCacheError } from '../../../sdk/errors.ts';
import { splitWords } from '../../../sdk/plan/split-words.ts';

describe('splitWords', () => {
  test.each<[string, string[]]>([
    ['', []],
    ['  \n\t ', []],
    ['build --select a', ['build', '--select', 'a']],
    ['build\n  --select a\r\n  --target prod\n', ['build', '--select', 'a', '--target', 'prod']],
    [`--vars '{"a": "b c"}'`, ['--vars', '{"a": "b c"}']],
    [`--vars "{'a': \\"b\\"}"`, ['--vars', `{'a': "b"}`]],
    [`'a'"b"c`, ['abc']],
    [`a '' ""`, ['a', '', '']],
    ['a\\ b', ['a b']],
    ['a \\\n b', ['a', 'b']],
    ['a\\\r\nb', ['ab']],
    ['C:\\tools\\dbt.exe run', ['C:\\tools\\dbt.exe', 'run']],
    [`'C:\\new folder\\'`, ['C:\\new folder\\']],
    ['\\"x\\"', ['"x"']],
    [`'a\\\\b\\"'`, ['a\\\\b\\"']],
    ['$HOME *.sql ~ `id` $(id) a;b a|b #c', ['$HOME', '*.sql', '~', '`id`', '$(id)', 'a;b', 'a|b', '#c']],
    ['"$HOME"', ['$HOME']],
    ['a\\', ['a\\']],
    ['"\\n"', ['\\n']],
  ])('%j', (text, words) => {
    expect(splitWords(text)).toEqual(words);
  });

  test.each([
    [`build\n  --vars 'x`, "The ' quote at line 2, column 10 is never closed"],
    ['"', 'The " quote at line 1, column 1 is never closed'],
    ['"a\\"', 'The " quote at line 1, column 1 is never closed'],
  ])('%j is refused', (text, message) => {
    expect(() => splitWords(text)).toThrow(expect.objectContaining({ code: 'invalid-options', message }));
    expect(() => splitWords(text)).toThrow(DbtRunCacheError);
  });
});
