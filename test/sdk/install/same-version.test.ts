import { expect, test } from 'vitest';
import { isSameVersion } from '../../../sdk/install/same-version.ts';

test.each([
  ['1.11', '1.11.0'],
  ['1.0', '1'],
  ['v1.12.0-RC.1', '1.12.0rc1'],
  ['2.0.0-alpha.4', '2.0.0a4'],
  ['1.0-1', '1.0.post1'],
  ['1.0.dev', '1.0.dev0'],
  ['0!1.0', '1.0'],
  ['2026.01.05', '2026.1.5'],
  ['2.1.0', '2.1.0+cpu'],
  ['2.1.0+cu_118', '2.1.0+cu.118'],
])('%s is met by %s', (wanted, found) => expect(isSameVersion(wanted, found)).toBe(true));

test.each([
  ['1.11.0', '1.11.1'],
  ['1.11.0', '1.11.0rc1'],
  ['1.0', '1.0.post1'],
  ['1.0', '1!1.0'],
  ['10', '1'],
  ['2.1.0+cpu', '2.1.0'],
  ['2.1.0+cpu', '2.1.0+gpu'],
])('%s is not met by %s', (wanted, found) => expect(isSameVersion(wanted, found)).toBe(false));
