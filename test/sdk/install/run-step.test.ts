import { expect, test } from 'vitest';
import { lastWords } from '../../../sdk/install/run-step.ts';

test('the last words of pip name what was not found, and not all that was', () => {
  const lines = [
    'Looking in indexes: https://index.example/simple',
    'ERROR: Could not find a version that satisfies the requirement dbt-core==1.11.999 (from versions: 1.0.0, 1.1.0, 1.11.2)',
    'ERROR: No matching distribution found for dbt-core==1.11.999',
  ];
  expect(lastWords(lines)).toBe(
    'ERROR: Could not find a version that satisfies the requirement dbt-core==1.11.999 ERROR: No matching distribution found for dbt-core==1.11.999',
  );
});
