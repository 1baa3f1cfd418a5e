import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { stringify } from 'yaml';
import type { ActEvent } from './act-event.ts';
import { type ActRun, followAct, type RunningAct } from './act-running.ts';
import { ACTION_FOLDER, type ActWorkflow, workflowFile } from './act-workflow.ts';
import { REPOSITORY_NAME } from './git-rest-service.ts';
import { type GoProgram, goProgram } from './go-program.ts';
import { REPOSITORY } from './repository.ts';

/** A runner that takes workflow files and needs neither GitHub nor containers. */
export const ACT: GoProgram = { path: 'github.com/nektos/act', version: 'v0.2.89' };

export interface ActStart {
  readonly event: ActEvent;
  /** Of the workflow run. */
  readonly runId: number;
  /** Default 1. */
  readonly attempt?: number;
  /** Where the Actions cache is. */
  readonly cacheUrl: string;
  /** GitHub's REST API. */
  readonly apiUrl: string;
  /** Default: one that opens nothing. */
  readonly githubToken?: string;
  /** More that the runner sets. */
  readonly env?: Readonly<Record<string, string>>;
  /** What the runner's machine keeps from job to job, its tool cache among it. Default: a folder of the repository's own. */
  readonly machine?: string;
  /** Of the repository, besides `GITHUB_TOKEN`. Not passed to pull requests from forks. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** Of the repository. Not passed to pull requests from forks. */
  readonly vars?: Readonly<Record<string, string>>;
}

/** A workflow file as it stands, or a short way to say one. */
export type AnyWorkflow = ActWorkflow | { readonly file: object };

export interface ActRepository {
  /** The clone. */
  readonly folder: string;
  /** Commits all that was changed there. */
  commit(message: string): void;
  /** Runs git there; what it prints, without the last line break. */
  git(...args: readonly string[]): string;
  /** Starts the workflow, as if this event had come. */
  start(workflow: AnyWorkflow, start: ActStart): Promise<RunningAct>;
  run(workflow: AnyWorkflow, start: ActStart): Promise<ActRun>;
}

/**
 * A clone that holds the built Action, and belongs to the test.
 * @param fill Puts the project there, into the folder that it is told.
 * @param atEnd Told what to do when it is no longer needed. Default: when the test is over.
 */
export function makeActRepository(
  fill: (clone: string) => void,
  atEnd: (end: () => Promise<void>) => void = onTestFinished,
): ActRepository {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'act-')));
  atEnd(async () => rmSync(home, { recursive: true, force: true, maxRetries: 5 }));
  const clone = join(home, 'clone');
  const write = (name: string, text: string): string => {
    const path = join(home, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return path;
  };
  fill(clone);
  for (const part of ['action.yml', 'dist/action'])
    cpSync(join(REPOSITORY, part), join(clone, ACTION_FOLDER, part), { recursive: true });
  // act asks for these; without a configuration it would ask the user which image to take.
  for (const name of ['config/act/actrc', 'config/gitconfig']) write(name, '');
  mkdirSync(join(home, 'tmp'));

  const base = {
    PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
    ...{ HOME: home, TMPDIR: join(home, 'tmp'), LC_ALL: 'C.UTF-8' },
    XDG_CONFIG_HOME: join(home, 'config'),
    XDG_CACHE_HOME: join(home, 'cache'),
  };
  const git = (...args: readonly string[]): string => {
    const who = ['-c', 'user.name=a', '-c', 'user.email=a@b', '-c', 'init.defaultBranch=main'];
    const env = { ...base, GIT_CONFIG_GLOBAL: join(home, 'config/gitconfig'), GIT_CONFIG_NOSYSTEM: '1' };
    return execFileSync('git', [...who, ...args], {
      cwd: clone,
      env,
      stdio: 'pipe',
      encoding: 'utf8',
    }).trimEnd();
  };
  git('init', '--quiet');
  git('remote', 'add', 'origin', `https://github.com/${REPOSITORY_NAME}`);
  const commit = (message: string): void => {
    git('add', '.');
    git('commit', '--quiet', '-m', message);
  };
  commit('The first commit');

  const start = async (workflow: AnyWorkflow, given: ActStart): Promise<RunningAct> => {
    const name = `${given.runId}-${given.attempt ?? 1}`;
    // A file of its own: act reads it a moment later.
    const workflowPath = write(
      `workflow-${name}.yml`,
      stringify('file' in workflow ? workflow.file : workflowFile(workflow, runnerOf(given.runId))),
    );
    const eventPath = write(`event-${name}.json`, JSON.stringify(given.event.payload));
    const program = await goProgram(ACT);
    const began = performance.now();
    const child = spawn(program, [...actArgs(given), '--workflows', workflowPath, '--eventpath', eventPath], {
      cwd: clone,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: given.machine === undefined ? base : { ...base, XDG_CACHE_HOME: given.machine },
    });
    const running = followAct(child, began, home);
    // A test that failed may leave it behind: stopped like this, it ends what it started.
    atEnd(async () => {
      child.kill('SIGTERM');
      await running.ended;
    });
    return running;
  };
  return { folder: clone, commit, git, start, run: async (...args) => (await start(...args)).ended };
}

/** What the runner of a job is called; in a matrix a number follows. */
export function runnerOf(runId: number): string {
  return `GitHub Actions ${runId}`;
}

function actArgs(start: ActStart): string[] {
  const env = {
    ACTIONS_CACHE_SERVICE_V2: 'true',
    ACTIONS_RESULTS_URL: `${start.cacheUrl}/`,
    ACTIONS_RUNTIME_TOKEN: start.event.cacheToken,
    GITHUB_REPOSITORY: REPOSITORY_NAME,
    GITHUB_RUN_ID: String(start.runId),
    GITHUB_RUN_ATTEMPT: String(start.attempt ?? 1),
    GITHUB_API_URL: start.apiUrl,
    ...start.env,
  };
  const { isFromFork = false } = start.event;
  return [
    start.event.name,
    ...['--platform', 'ubuntu-latest=-self-hosted', '--no-cache-server', '--json'],
    ...flags('--secret', {
      GITHUB_TOKEN: start.githubToken ?? 'opens-nothing',
      ...(isFromFork ? {} : start.secrets),
    }),
    ...flags('--var', isFromFork ? {} : (start.vars ?? {})),
    ...flags('--env', env),
  ];
}

function flags(name: string, values: Readonly<Record<string, string>>): string[] {
  return Object.entries(values).flatMap(([key, value]) => [name, `${key}=${value}`]);
}
