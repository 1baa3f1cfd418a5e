import { lstat, readdir, readFile } from 'node:fs/promises';
import { isAbsolute, join, relative } from 'node:path';
import * as z from 'zod';
import { BUNDLE_LIMITS } from '../../dedup/bundle-limits.ts';
import { placeDigest } from '../../dedup/names.ts';
import { parseReport, reportPathIn } from '../../report.ts';
import type { RunReport } from '../../result.ts';
import { reasonOf } from '../../util/reason.ts';
import type { Collected } from '../collect-artifacts.ts';
import type { Plan } from '../make-plan.ts';
import type { RunContext } from '../run-context.ts';
import type { Identity } from './identify.ts';
import { REPEATED_RECORD, REPEATED_REPORT } from './report-shape.ts';

/** What was brought into the target folder, by the word of its own report. */
export type Built =
  | { readonly kind: 'built' | 'failed'; readonly report: BuiltReport; readonly why?: string }
  /** Nothing there proves that the run was done. A report may show all the same where dbt has written. */
  | { readonly kind: 'unproven'; readonly report?: BuiltReport; readonly why: string };

/** What is taken of the report: its paths are those of another machine, and whoever ran dbt could write it. */
const BUILT_REPORT = REPEATED_REPORT.extend({
  command: z.string(),
  args: z.array(z.string()),
  startedAt: z.iso.datetime(),
  wallMs: REPEATED_RECORD.shape.wallMs,
  runCache: z.enum(['inherit', 'disabled']).optional(),
  targetDigest: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  project: z.object({ name: z.string(), dir: z.string(), targetName: z.string().optional() }).optional(),
});

export type BuiltReport = Pick<
  RunReport,
  | 'outcome'
  | 'failure'
  | 'exitCode'
  | 'command'
  | 'args'
  | 'startedAt'
  | 'wallMs'
  | 'invocationId'
  | 'engine'
  | 'threads'
  | 'state'
  | 'diagnosis'
  | 'savings'
  | 'selectedCount'
  | 'decisions'
  | 'notices'
  | 'runCache'
  | 'targetDigest'
> & { readonly project?: { readonly name: string; readonly dir: string; readonly targetName?: string } };

/** The clocks of two machines may differ by this much. */
const CLOCKS_MS = 5 * 60_000;

const HINT =
  'Upload the whole target folder in the job that runs dbt, and download it to the same place here.';

/**
 * Reads the report of the run that was executed elsewhere, and checks that it is of this very run: the same command and
 * arguments, begun after the claim. Clocks that differ by more than it takes to start the next job make it look older.
 */
export async function readBuilt(run: RunContext, plan: Plan, claimedAt: string): Promise<Built> {
  const unproven = (why: string): Built => ({ kind: 'unproven', why });
  const { project } = plan;
  if (project === undefined || !plan.isReported)
    return unproven(`dbt ${plan.command} leaves no report that could be finished`);
  let report: BuiltReport;
  try {
    report = await readUntrusted(project.targetPath);
  } catch (thrown) {
    return unproven(`The report of the run cannot be used: ${run.clean(reasonOf(thrown))}. ${HINT}`);
  }
  const ours = [plan.command, ...withoutPlace(run.shownArgs(), project.dir)];
  const theirs = [report.command, ...withoutPlace(report.args, report.project?.dir ?? project.dir)];
  if (ours.length !== theirs.length || ours.some((word, at) => word !== theirs[at])) {
    return unproven(
      'The report is of a run with another command or other arguments: give all three jobs the same',
    );
  }
  if (Date.parse(report.startedAt) < Date.parse(claimedAt)) {
    return unproven(
      `The report is of a run that began at ${report.startedAt}, before this one was claimed at ${claimedAt}: it is an older one, or the clocks of the machines differ`,
    );
  }
  if (Date.parse(report.startedAt) > Date.now() + CLOCKS_MS) {
    return unproven(
      `The report is of a run that began at ${report.startedAt}, which is still to come: it is made up, or the clocks of the machines differ`,
    );
  }
  if (report.outcome === 'executed' && report.exitCode === 0 && report.failure === undefined)
    return { kind: 'built', report };
  const said = report.failure?.message ?? `dbt ended with exit code ${report.exitCode ?? 'unknown'}`;
  return { kind: 'failed', report, why: `The report says that the run failed: ${run.clean(said)}` };
}

/** A report alone is soon made up or left from elsewhere: dbt's own results have to be there, and of the same run. */
export function provenBy({ artifacts }: Collected, plan: Plan, built: Built): Built {
  if (built.kind !== 'built' || !plan.writesAll || !plan.expectedArtifacts.has('run_results')) return built;
  if (built.report.invocationId !== undefined && artifacts.runResults !== undefined) return built;
  return {
    kind: 'unproven',
    report: built.report,
    why: `The target folder has no run_results.json of the run that the report is of. ${HINT}`,
  };
}

/** Runners have their checkouts where they like: absolute paths are taken as the project sees them. */
function withoutPlace(args: readonly string[], projectDir: string): readonly string[] {
  return args.map((word) => (isAbsolute(word) ? relative(projectDir, word) : word));
}

async function readUntrusted(targetPath: string): Promise<BuiltReport> {
  await refuseLinks(targetPath);
  const path = reportPathIn(targetPath);
  const { size } = await lstat(path);
  if (size > BUNDLE_LIMITS.maxFileBytes) throw new Error(`it has ${size} bytes, which no report has`);
  const shape = BUILT_REPORT.safeParse(parseReport(await readFile(path, 'utf8'), path));
  if (shape.success) return shape.data as BuiltReport;
  const [issue] = shape.error.issues;
  throw new Error(`${z.core.toDotPath(issue?.path ?? [])}: ${issue?.message}`);
}

/** A link could lead to any file of this machine, and its content into the ledger. */
async function refuseLinks(folder: string): Promise<void> {
  const stats = await lstat(folder);
  if (!stats.isDirectory()) throw new Error(`${folder} is no folder`);
  for (const child of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (!child.isFile() && !child.isDirectory())
      throw new Error(`${join(child.parentPath, child.name)} is neither a file nor a folder`);
  }
}

/** What of the run that was executed is other than what was claimed; undefined when nothing is, as far as known. */
export function otherThanClaimed(
  run: RunContext,
  plan: Plan,
  identity: Pick<Identity, 'key' | 'target'>,
  report: BuiltReport,
): string | undefined {
  const { engine, reportedProject } = plan;
  const pairs: readonly (readonly [string, string | undefined, string | undefined])[] = [
    ['engine', engine.kind, report.engine?.kind],
    ['version of dbt', engine.dbtVersion, report.engine?.dbtVersion],
    ['version of Python', engine.pythonVersion, report.engine?.pythonVersion],
    ['adapter', engine.adapterType, report.engine?.adapterType],
    ['version of dbt State', engine.stateVersion, report.engine?.stateVersion],
    ['project', reportedProject?.name, report.project?.name],
    ['target', reportedProject?.targetName, report.project?.targetName],
    ['run-cache', run.options.runCache, report.runCache],
  ];
  const other = pairs.find(
    ([, ours, theirs]) => ours !== undefined && theirs !== undefined && ours !== theirs,
  );
  if (other === undefined) return otherTarget(identity, report);
  const [what, ours, theirs] = other;
  return run.clean(`${what} ${theirs} rather than ${ours}`);
}

/** A variable that the profile asks for may have been set in one job alone. */
function otherTarget(
  { key, target }: Pick<Identity, 'key' | 'target'>,
  { targetDigest }: BuiltReport,
): string | undefined {
  if (target === undefined) return undefined;
  if (targetDigest === undefined)
    return key.kind === 'derived' ? 'a warehouse target that its report does not name' : undefined;
  return targetDigest === placeDigest(target)
    ? undefined
    : 'another warehouse target than was claimed, e.g. another schema: set the variables that the profile asks for in all three jobs alike';
}
