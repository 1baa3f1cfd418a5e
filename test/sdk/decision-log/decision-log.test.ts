import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { decisionLogRecords } from '../../../sdk/decision-log/records.ts';
import { decisionLogPieces, writeDecisionLog } from '../../../sdk/decision-log/write.ts';
import type { NodeDecision } from '../../../sdk/decisions/decision.ts';
import { ACTIONS } from '../../../sdk/explain/wording.ts';
import { type DecisionLogRecord, readDecisionLog, readReport, runDbt } from '../../../sdk/index.ts';
import { checkedLines, checkLine, decisionLogSchema } from '../../support/decision-log.ts';
import { type FakeDbt, makeFakeDbt } from '../../support/fake-dbt/fake-dbt.ts';
import { makeFakeProject, runOf } from '../../support/fake-dbt/fake-project.ts';
import { seededRandom } from '../../support/random.ts';
import { decision, failedReport, report } from '../../support/report-builder.ts';
import { decideRecorded } from '../decisions/recorded.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'decision-log-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function collected(path: string): Promise<DecisionLogRecord[]> {
  const records: DecisionLogRecord[] = [];
  for await (const record of readDecisionLog(path)) records.push(record);
  return records;
}

describe('the lines', () => {
  test.each([
    'execute',
    'mixed',
    'node-errors',
    'clone-failed',
    'no-credentials',
    'disabled',
    'compile',
    'duck-build',
    'duck-freshness',
    'duck-fail-fast',
  ])('of the real run %s are as the schema has them', async (run) => {
    const { decisions, state, savings } = decideRecorded(run);
    const told = report({ decisions, state, ...(savings && { savings }), labels: { tenant: 'acme' } });
    const path = await writeDecisionLog(root, told);
    const [first, ...rest] = checkedLines(await readFile(path, 'utf8'));
    expect(first).toMatchObject({
      type: 'run',
      schemaVersion: 1,
      invocationId: told.invocationId,
      command: 'build',
      startedAt: told.startedAt,
      project: 'jaffle_shop',
      target: 'dev',
      engine: 'core',
      dbtVersion: '1.11.16',
      adapterType: 'postgres',
      labels: { tenant: 'acme' },
      state,
    });
    const end = rest.pop();
    if (end?.type !== 'end') throw new Error('the last line is not the end');
    expect(end).toMatchObject({ outcome: 'executed', exitCode: 0, wallMs: 12_000 });
    expect(end.savings).toEqual(savings);
    expect(end.failedNodes).toBe(decisions.filter((one) => one.failed).length);
    expect(Object.values(end.counts).reduce((sum, count) => sum + count, 0)).toBe(decisions.length);
    expect(rest).toEqual(decisions.map((one) => ({ type: 'decision', ...one })));
  });

  test('of every kind of state, of a failure, and of a run that never began', () => {
    const states = [
      {
        kind: 'active',
        version: '2.62.3',
        proof: 'p',
        troubles: [{ problem: 'declined', fix: 'f', nodes: ['n'] }],
      },
      { kind: 'inactive', trouble: { problem: 'no-credentials', said: 's', fix: 'f' } },
      { kind: 'disabled', by: 'RUN_CACHE_DISABLED' },
      { kind: 'absent' },
      { kind: 'inactive', trouble: { problem: 'legacy-package', fix: 'f', endedRun: true } },
      { kind: 'not-applicable', why: 'w' },
      { kind: 'not-applicable', troubles: [{ problem: 'no-credentials', fix: 'f' }] },
      { kind: 'unknown', why: 'w' },
    ] as const;
    for (const state of states) {
      const records = [...decisionLogRecords(failedReport({ state }))].map((one) =>
        checkLine(JSON.stringify(one)),
      );
      expect(records).toMatchObject([{ state }, { failure: { code: 'nodes-failed' } }]);
    }
    const {
      engine: _engine,
      project: _project,
      exitCode: _code,
      invocationId: _id,
      ...bare
    } = failedReport();
    for (const one of decisionLogRecords(bare)) checkLine(JSON.stringify(one));
  });

  test('know every action there is', () => {
    const { $defs } = decisionLogSchema as unknown as { $defs: { action: { enum: string[] } } };
    expect($defs.action.enum.toSorted()).toEqual(Object.keys(ACTIONS).toSorted());
  });

  test('a line stays one line for every reader, whatever is in it', async () => {
    const message = 'one\u2028two\u2029three\u0085four\r\nfive';
    const path = await writeDecisionLog(root, report({ decisions: [decision({ message })] }));
    const text = await readFile(path, 'utf8');
    expect(text.split(/\r\n|[\n\r\u0085\u2028\u2029]/)).toHaveLength(4);
    expect((await collected(path))[1]).toMatchObject({ message });
  });
});

test('50,000 nodes: written and read a piece at a time, every line valid', async () => {
  const count = 50_000;
  const random = seededRandom('decision log');
  const actions = ['built', 'reused', 'cloned', 'tested', 'failed'] as const;
  function* generated(): Generator<NodeDecision, undefined> {
    for (let at = 0; at < count; at += 1) {
      const action = random.pick(actions);
      yield decision({
        name: `model_${at}`,
        action,
        failed: action === 'failed',
        evidence: [{ source: 'run-results', says: `status ${'x'.repeat(random.int(0, 200))}` }],
      });
    }
    return undefined;
  }
  const told = report({ decisions: [...generated()] });
  let pieces = 0;
  for (const piece of decisionLogPieces(told)) {
    pieces += 1;
    expect(piece.length).toBeLessThan(100_000);
    expect(piece.endsWith('\n')).toBe(true);
  }
  expect(pieces).toBeGreaterThan(100);
  const path = await writeDecisionLog(root, told);
  let lines = 0;
  let failed = 0;
  let end: DecisionLogRecord | undefined;
  for await (const record of readDecisionLog(path)) {
    checkLine(JSON.stringify(record));
    if (record.type === 'decision') {
      expect(record.name).toBe(`model_${lines - 1}`);
      if (record.failed) failed += 1;
    }
    lines += 1;
    end = record;
  }
  expect(lines).toBe(count + 2);
  expect(failed).toBeGreaterThan(1000);
  expect(end).toMatchObject({ type: 'end', failedNodes: failed, counts: { failed } });
});

describe('reading', () => {
  test('from the target folder or the file', async () => {
    const path = await writeDecisionLog(root, report({ decisions: [decision()] }));
    expect(await collected(root)).toEqual(await collected(path));
  });

  test.each([
    ['nothing there', undefined, 'report-missing'],
    ['empty', '', 'artifact-not-json'],
    ['no JSON', 'x\n', 'artifact-not-json'],
    ['null', 'null\n', 'artifact-unsupported-version'],
    ['another version', '{"type":"run","schemaVersion":2}\n', 'artifact-unsupported-version'],
    ['another file', '{"entry_type":"run_start"}\n', 'artifact-unsupported-version'],
    ['no end', '{"type":"run","schemaVersion":1}\n', 'artifact-not-json'],
    ['torn', '{"type":"run","schemaVersion":1}\n{"type":"deci', 'artifact-not-json'],
  ])('%s: a code and a way out', async (_, text, code) => {
    const path = join(root, 'log.jsonl');
    if (text !== undefined) await writeFile(path, text);
    await expect(collected(path)).rejects.toMatchObject({ code, hint: expect.any(String) });
  });

  test('may be left early', async () => {
    const path = await writeDecisionLog(root, report({ decisions: [decision()] }));
    for await (const { type } of readDecisionLog(path)) {
      expect(type).toBe('run');
      break;
    }
  });
});

describe('with a run', () => {
  const nodes = runOf(
    [{ name: 'orders', status: 'error', message: 'login with s3cret-one and s3cret-two failed' }],
    1,
  );
  let dbt: FakeDbt;
  beforeEach(async () => {
    makeFakeProject(root);
    dbt = await makeFakeDbt(join(root, 'venv'), nodes);
  });
  async function run(more: { readonly report?: boolean } = {}, args = ['build']) {
    return runDbt(args, {
      cwd: root,
      env: { PATH: process.env['PATH'], DBT_ENV_SECRET_KEY: 's3cret-two' },
      redact: ['s3cret-one'],
      labels: { note: 's3cret-one' },
      dbt: dbt.venv,
      output: 'silent',
      reject: false,
      ...more,
    });
  }

  test('it lies beside the report, redacted like it', async () => {
    const result = await run();
    expect(result.decisionsPath).toBe(join(root, 'target', 'dbt_runcache_decisions.jsonl'));
    const text = await readFile(result.decisionsPath ?? '', 'utf8');
    expect(text).not.toMatch(/s3cret/);
    expect(checkedLines(text)).toMatchObject([
      { type: 'run', labels: { note: '***' } },
      { type: 'decision', message: 'login with *** and *** failed' },
      { type: 'end', outcome: 'failed', failure: { code: 'nodes-failed' }, exitCode: 1 },
    ]);
    // Written in a draft that took its place.
    expect((await readdir(join(root, 'target'))).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('no report, no log', async () => {
    const result = await run({ report: false });
    expect(result).not.toHaveProperty('decisionsPath');
    expect(await readdir(join(root, 'target'))).not.toContain('dbt_runcache_decisions.jsonl');
  });

  test('a command that gets no report leaves the log of the last build', async () => {
    const { decisionsPath = '' } = await run();
    const before = await readFile(decisionsPath, 'utf8');
    expect(
      await runDbt(['deps'], { cwd: root, dbt: dbt.venv, output: 'silent', reject: false }),
    ).not.toHaveProperty('decisionsPath');
    expect(await readFile(decisionsPath, 'utf8')).toBe(before);
  });

  test('a run that could not be done replaces it', async () => {
    await run();
    const result = await run({}, ['build', '--target', 'prod']);
    expect(await collected(result.decisionsPath ?? '')).toMatchObject([
      { type: 'run', state: { kind: 'unknown' } },
      { type: 'end', failure: { code: 'target-not-found' } },
    ]);
  });

  test('one that cannot be written is a notice, in the report as well', async () => {
    await mkdir(join(root, 'target', 'dbt_runcache_decisions.jsonl', 'in-the-way'), { recursive: true });
    const result = await run();
    expect(result.failure?.code).toBe('nodes-failed');
    expect(result).not.toHaveProperty('decisionsPath');
    const notice = { name: 'report-unwritable', message: expect.stringContaining('decision log') };
    expect(result.notices).toContainEqual(expect.objectContaining(notice));
    expect((await readReport(join(root, 'target'))).notices).toContainEqual(expect.objectContaining(notice));
    expect((await readdir(join(root, 'target'))).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});
