import { describe, expect, test } from 'vitest';
import { ENGINES } from '../../support/engine.ts';
import { given, ourAnswers } from './answer.ts';
import { editsFor } from './fusion-edits.ts';
import { readRecording } from './recording.ts';

// What dbt itself answered; test/engines/state-modified.engines.ts asks it anew and writes these recordings.
for (const { requirements, kind } of ENGINES) {
  const recording = await readRecording(requirements);
  const names = editsFor(kind).map(({ name }) => name);

  describe(`every selector of dbt, ${requirements}`, () => {
    test('there is an answer to every edit', () => {
      expect([...recording.edits.keys()]).toEqual(names);
    });

    test.each(names)('%s', (name) => {
      const { now, answers } = recording.edits.get(name) ?? expect.unreachable();
      const ours = ourAnswers(recording.before, now, kind);
      const asked = given(answers);
      expect(Object.keys(asked).length).toBeGreaterThan(5);
      expect(Object.fromEntries(Object.keys(asked).map((question) => [question, ours[question]]))).toEqual(
        asked,
      );
    });
  });
}
