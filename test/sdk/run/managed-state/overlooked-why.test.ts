import { expect, test } from 'vitest';
import type { Oversight } from '../../../../sdk/managed-state/oversight.ts';
import type { SlimReport } from '../../../../sdk/managed-state/state-report.ts';
import { overlookedWhy } from '../../../../sdk/run/managed-state/overlooked-why.ts';

const ID = 'model.shop.orders';
const OVERSIGHTS: Readonly<Record<Oversight['kind'], readonly [Oversight, isLeftOut: boolean]>> = {
  'built-in-macro': [{ kind: 'built-in-macro', macro: 'macro.shop.m' }, true],
  // The tables that it renames stand beside it.
  'naming-macro': [{ kind: 'naming-macro', macro: 'macro.shop.m' }, false],
  'untracked-macro': [{ kind: 'untracked-macro', macro: 'macro.shop.m', mentionedBy: [ID] }, true],
  'project-hook': [{ kind: 'project-hook', uniqueId: 'operation.shop.o' }, false],
  removed: [{ kind: 'removed', uniqueId: ID }, false],
  relation: [{ kind: 'relation', uniqueId: ID, from: 'a.b', to: 'a.c' }, true],
  variable: [{ kind: 'variable', name: 'v', uniqueIds: [ID] }, true],
  'environment-variable': [{ kind: 'environment-variable', name: 'V', uniqueIds: [ID] }, true],
  'not-compared': [{ kind: 'not-compared', uniqueId: ID, fields: ['f'] }, true],
  'false-alarm': [{ kind: 'false-alarm', uniqueId: ID, configs: ['c'] }, false],
  'contract-refused': [{ kind: 'contract-refused', uniqueId: ID }, false],
};

function slim(mode: SlimReport['mode'], oversights: readonly Oversight[] | undefined): SlimReport {
  const selection = { changes: [], downstream: {}, retried: [], fresher: [], oversights: oversights ?? [] };
  return {
    ...{ mode, args: [], selectors: [], within: [], added: [] },
    ...(oversights === undefined ? {} : { selection }),
  };
}

test.each(Object.entries(OVERSIGHTS))('%s', (_, [oversight, isLeftOut]) => {
  expect(overlookedWhy(slim('slim', [oversight])) !== undefined).toBe(isLeftOut);
  expect(overlookedWhy(slim('strict', [oversight]))).toBeUndefined();
});

test('a build that is not slim leaves nothing out; of one whose reasons are not known nobody can tell', () => {
  expect(overlookedWhy(undefined)).toBeUndefined();
  expect(overlookedWhy(slim('slim', []))).toBeUndefined();
  expect(overlookedWhy(slim('slim', undefined))).toBe('what it left out could not be told');
});
