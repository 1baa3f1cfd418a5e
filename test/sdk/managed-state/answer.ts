import type { Manifest } from '../../../sdk/artifacts/types.ts';
import { downstreamOf } from '../../../sdk/managed-state/downstream-of.ts';
import { modifiedNodes } from '../../../sdk/managed-state/modified-nodes.ts';
import type { StateSelector } from '../../../sdk/managed-state/node-change.ts';
import { selectState, withTests } from '../../../sdk/managed-state/select-state.ts';
import { type Answers, QUESTIONS } from './questions.ts';

/** What we say to the questions that dbt was asked. */
export function ourAnswers(before: Manifest, now: Manifest, engine: 'core' | 'fusion'): Answers {
  const changes = modifiedNodes(before, now, engine);
  const modified = selectState(changes, 'modified', now);
  return Object.fromEntries(
    Object.keys(QUESTIONS).map((question) => {
      if (question === 'modified+') {
        return [question, unique([...modified, ...downstreamOf(changes, now).keys()])];
      }
      if (question === 'modified with its tests') return [question, unique(withTests(modified, now))];
      return [question, unique(selectState(changes, question as StateSelector, now))];
    }),
  );
}

/** dbt's answers to the same questions, but those it could not give. */
export function given(answers: Answers): Answers {
  const lists = Object.entries(answers).filter(
    ([question, answer]) => question in QUESTIONS && Array.isArray(answer),
  );
  return Object.fromEntries(lists);
}

function unique(uniqueIds: readonly string[]): readonly string[] {
  return [...new Set(uniqueIds)].sort();
}
