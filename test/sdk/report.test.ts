import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { REPORT_FILE, readReport, writeReport } from '../../sdk/report.ts';
import type { RunReport } from '../../sdk/result.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'report-'));
});
afterEach(async () => {
  await chmod(folder, 0o700);
  await rm(folder, { recursive: true });
});

const report: RunReport = {
  schemaVersion: 1,
  outcome: 'executed',
  command: 'build',
  args: ['build'],
  exitCode: 0,
  startedAt: '2026-11-21T10:00:00.000Z',
  finishedAt: '2026-11-21T10:00:05.000Z',
  wallMs: 5000,
  labels: { job: 'nightly' },
  state: { kind: 'absent' },
  decisions: [],
  notices: [],
  artifactPaths: {},
};

test('what was written is read again, by folder or by file, and nothing else is left', async () => {
  const path = await writeReport(folder, report);
  expect(await readReport(folder)).toEqual(report);
  expect(await readReport(path)).toEqual(report);
  expect(await readdir(folder)).toEqual([REPORT_FILE]);
});

test('a folder that cannot be written to is an error with a way out', async () => {
  await writeFile(join(folder, 'file'), '');
  await expect(writeReport(join(folder, 'file'), report)).rejects.toMatchObject({
    code: 'report-unwritable',
    message: expect.stringContaining('EEXIST'),
    hint: expect.stringContaining('--target-path'),
  });
});

test('no report, no JSON, another version: each is told apart', async () => {
  await expect(readReport(folder)).rejects.toMatchObject({ code: 'report-missing' });
  await writeFile(join(folder, REPORT_FILE), '{');
  await expect(readReport(folder)).rejects.toMatchObject({ code: 'artifact-not-json' });
  await writeFile(join(folder, REPORT_FILE), JSON.stringify({ ...report, schemaVersion: 2 }));
  await expect(readReport(folder)).rejects.toMatchObject({ code: 'artifact-unsupported-version' });
});
