import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { given, ourAnswers } from '../sdk/managed-state/answer.ts';
import { askDbt, PROJECT } from '../sdk/managed-state/ask-dbt.ts';
import type { Edit } from '../sdk/managed-state/edit.ts';
import { editedTogether } from '../sdk/managed-state/edit-groups.ts';
import { editsFor } from '../sdk/managed-state/fusion-edits.ts';
import { writeRecording } from '../sdk/managed-state/recording.ts';
import { ENGINES } from '../support/engine.ts';

/**
 * With this variable dbt is asked about every edit by itself, which takes minutes, and what it answers is written to
 * test/fixtures/state-modified: test/sdk/managed-state/recorded.test.ts reads it.
 */
const RECORDS = process.env['RECORD_STATE_MODIFIED'] === 'true';

// Each edit by itself is in the recordings. Here the living dbt has many edits to answer for at once.
test.each(ENGINES)(
  'every selector of dbt lists what we say it lists, $requirements',
  {
    timeout: RECORDS ? 1_800_000 : 600_000,
  },
  async (engine) => {
    const root = await mkdtemp(join(tmpdir(), 'state-modified-'));
    try {
      const all = editsFor(engine.kind);
      const edits = RECORDS ? all : (await editedTogether(PROJECT, all)).filter(isWorthAProject);
      const asked = await askDbt(engine, edits, root);
      if (RECORDS) await writeRecording(engine.requirements, asked);
      for (const [name, { now, answers }] of asked.edits) {
        const ours = ourAnswers(asked.before, now, engine.kind);
        const theirs = given(answers);
        expect(Object.keys(theirs).length, name).toBeGreaterThan(5);
        for (const [question, answer] of Object.entries(theirs)) {
          expect(ours[question], `${question} after: ${name}`).toEqual(answer);
        }
        // What `dbt ls` itself printed is what its node selector said.
        if ('ls' in answers) expect(answers['ls']).toEqual(answers['modified with its tests']);
      }
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  },
);

/**
 * Not the handful of edits that found no place among the others, and of those that stand alone every second one: a project
 * costs dbt Core a second, and each edit is in the recordings.
 */
function isWorthAProject({ changes, alone }: Edit, index: number): boolean {
  if (alone === true) return index % 2 === 0;
  return changes.length === 0 || changes.length > 2;
}
