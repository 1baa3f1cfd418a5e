import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { inputVariables, postRuns, readActionMetadata, unknownInputs } from './action-metadata.ts';
import { parseCommandFile } from './command-file.ts';
import { EVENT, GITHUB_CONTEXT, jobEnvironment } from './job-environment.ts';
import { createMasks, type Masks } from './masks.ts';
import { type Annotation, createStepLog } from './step-log.ts';
import { runStepProcess } from './step-process.ts';

export interface ActionOptions {
  /** Folder with action.yml. */
  readonly actionDir: string;
  /** The checkout; steps start here. */
  readonly workspace: string;
  /** As under `with:`. */
  readonly inputs?: Readonly<Record<string, string>>;
  /** As under `env:`, and what the machine sets, e.g. PATH and HOME. Nothing of this process's is passed on. */
  readonly env: Readonly<Record<string, string>>;
  /** What the runner sets otherwise, e.g. another event. */
  readonly runner?: Readonly<Record<string, string>>;
  /** Of the workflow run, in its address. Default 3. */
  readonly runNumber?: number;
  /** The user presses Cancel. */
  readonly cancelSignal?: AbortSignal;
  /** Told each line of the job's log. */
  readonly onLine?: (line: string) => void;
}

/** One of the action's scripts, main or post. */
export interface ActionPhase {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly wallMs: number;
  readonly log: readonly string[];
  readonly groups: readonly string[];
  readonly annotations: readonly Annotation[];
  readonly droppedAnnotations: number;
  /** False when it stopped commands and never resumed them. */
  readonly readsCommands: boolean;
  /** Masked; empty when there is none or when it is too large for GitHub. */
  readonly summary: string;
}

export interface ActionRun {
  readonly conclusion: 'success' | 'failure' | 'cancelled';
  readonly outputs: Readonly<Record<string, string>>;
  /** What main left for post. */
  readonly state: Readonly<Record<string, string>>;
  /** Variables for later steps. */
  readonly env: Readonly<Record<string, string>>;
  /** Folders for later steps' PATH. */
  readonly path: readonly string[];
  readonly main: ActionPhase;
  readonly post?: ActionPhase;
}

const MAX_SUMMARY_BYTES = 1024 * 1024;

/**
 * Runs an action's main and post as GitHub's runner does: same variables, same files, same reading of what it prints.
 * @throws Error when the action needs another Node than this process is.
 */
export async function runAction(options: ActionOptions): Promise<ActionRun> {
  const metadata = await readActionMetadata(options.actionDir);
  const major = process.versions.node.split('.')[0];
  if (metadata.runs.using !== `node${major}`) {
    throw new Error(
      `The action is for ${metadata.runs.using}, this is Node ${process.versions.node}: start it with npm run`,
    );
  }
  const scratch = await mkdtemp(join(tmpdir(), 'runner-'));
  try {
    const job = {
      workspace: options.workspace,
      runnerTemp: join(scratch, 'temp'),
      eventPath: join(scratch, 'event.json'),
      runNumber: options.runNumber ?? 3,
    };
    await mkdir(job.runnerTemp);
    await writeFile(job.eventPath, JSON.stringify(EVENT));
    const inputs = options.inputs ?? {};
    const masks = createMasks();
    masks.add(GITHUB_CONTEXT['token'] ?? '');
    const context: PhaseContext = {
      options,
      masks,
      scratch,
      env: {
        ...options.env,
        ...jobEnvironment(job),
        ...options.runner,
        ...inputVariables(metadata, inputs, GITHUB_CONTEXT),
      },
    };
    for (const name of unknownInputs(metadata, inputs))
      options.onLine?.(`##[warning]Unexpected input '${name}'`);
    const main = await runPhase(context, metadata.runs.main, {}, options.cancelSignal);
    const conclusion = main.cancelled ? 'cancelled' : main.phase.exitCode === 0 ? 'success' : 'failure';
    const result = { conclusion, ...main.left, main: main.phase } as const;
    const { post } = metadata.runs;
    if (post === undefined || !postRuns(metadata.runs['post-if'] ?? 'always()', conclusion)) return result;
    const forPost = {
      ...main.left.env,
      ...Object.fromEntries(Object.entries(main.left.state).map(([name, value]) => [`STATE_${name}`, value])),
      PATH: [...main.left.path.toReversed(), options.env['PATH'] ?? ''].join(delimiter),
    };
    const after = await runPhase(context, post, forPost, undefined);
    const failedLate = conclusion === 'success' && after.phase.exitCode !== 0;
    return { ...result, conclusion: failedLate ? 'failure' : conclusion, post: after.phase };
  } finally {
    await rm(scratch, { recursive: true, force: true, maxRetries: 3 });
  }
}

interface PhaseContext {
  readonly options: ActionOptions;
  readonly masks: Masks;
  readonly scratch: string;
  readonly env: Readonly<Record<string, string>>;
}

interface PhaseEnd {
  readonly phase: ActionPhase;
  readonly cancelled: boolean;
  /** What the script handed to the runner. */
  readonly left: Pick<ActionRun, 'outputs' | 'state' | 'env' | 'path'>;
}

async function runPhase(
  context: PhaseContext,
  script: string,
  extraEnv: Readonly<Record<string, string>>,
  cancelSignal: AbortSignal | undefined,
): Promise<PhaseEnd> {
  const { options, masks } = context;
  const files = await commandFiles(context.scratch);
  const log = createStepLog(masks, options.onLine);
  const end = await runStepProcess({
    script: join(options.actionDir, script),
    cwd: options.workspace,
    env: { ...context.env, ...files.variables, ...extraEnv },
    cancelSignal,
    onLine: log.push,
  });
  let fileProblem = false;
  // The runner reads the files outside of the script's output, so stopped commands do not stop this.
  const complain = (message: string): void => {
    fileProblem = true;
    createStepLog(masks, options.onLine).push(`::error::${message.replaceAll('\n', '%0A')}`);
  };
  const values = async (name: keyof typeof files.paths): Promise<Record<string, string>> => {
    try {
      return Object.fromEntries(parseCommandFile(await readFile(files.paths[name], 'utf8')));
    } catch (error) {
      complain(`Unable to process file command '${name}' successfully. ${(error as Error).message}`);
      return {};
    }
  };
  const left = {
    outputs: { ...Object.fromEntries(log.outputs), ...(await values('output')) },
    state: { ...Object.fromEntries(log.state), ...(await values('state')) },
    env: await values('env'),
    path: (await readFile(files.paths.path, 'utf8')).split(/\r?\n/).filter((line) => line !== ''),
  };
  const phase: ActionPhase = {
    exitCode: fileProblem ? 1 : end.exitCode,
    signal: end.signal,
    wallMs: end.wallMs,
    log: log.lines,
    groups: log.groups,
    annotations: log.annotations,
    droppedAnnotations: log.droppedAnnotations,
    readsCommands: log.readsCommands,
    summary: await readSummary(files.paths.summary, masks, options.onLine),
  };
  return { phase, cancelled: end.cancelled, left };
}

async function readSummary(
  path: string,
  masks: Masks,
  onLine: ((line: string) => void) | undefined,
): Promise<string> {
  const bytes = await readFile(path);
  if (bytes.length <= MAX_SUMMARY_BYTES) return masks.apply(bytes.toString('utf8'));
  const size = Math.ceil(bytes.length / 1024);
  onLine?.(
    `##[error]$GITHUB_STEP_SUMMARY upload aborted, supports content up to a size of 1024k, got ${size}k.`,
  );
  return '';
}

/** Empty files of their own for one script. */
async function commandFiles(scratch: string) {
  const id = randomUUID();
  const path = (kind: string) => join(scratch, `${kind}_${id}`);
  const paths = {
    output: path('set_output'),
    state: path('save_state'),
    env: path('set_env'),
    path: path('add_path'),
    summary: path('step_summary'),
  };
  await Promise.all(Object.values(paths).map((file) => writeFile(file, '')));
  const variables = {
    GITHUB_OUTPUT: paths.output,
    GITHUB_STATE: paths.state,
    GITHUB_ENV: paths.env,
    GITHUB_PATH: paths.path,
    GITHUB_STEP_SUMMARY: paths.summary,
  };
  return { paths, variables };
}
