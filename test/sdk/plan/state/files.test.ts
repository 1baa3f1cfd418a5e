import { expect, test } from 'vitest';
import { readStateFiles } from '../../../../sdk/plan/state/files.ts';
import { makeFolder } from '../../config/folder.ts';

test('a kept login is looked for where the release keeps it, and where it keeps it elsewhere not at all', async () => {
  const home = makeFolder({ '.dbt/state_auth.json': '{}', '.dbt/dbt_cloud.yml': 'state: {client-id: x}' });
  const read = (stateVersion: string) =>
    readStateFiles({}, { kind: 'core', dbtVersion: '1.11.2', stateVersion }, home);
  expect(await read('2.62.3')).toMatchObject({ hasCachedLogin: true });
  expect(await read('2.18.0')).toMatchObject({ hasCachedLogin: true });
  expect(await read('2.17.1')).toMatchObject({
    hasCachedLogin: undefined,
    cloudFile: { state: { 'client-id': 'x' } },
  });
  expect(await readStateFiles({}, { kind: 'fusion' }, home)).toMatchObject({ hasCachedLogin: true });
});
