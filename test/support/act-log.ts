/** What a job of the workflow printed and left behind, by what act says about it, line by line. */
export interface ActJob {
  /** E.g. `dbt/build-3`, the third of a matrix. */
  readonly name: string;
  /** `undefined` when it never came to its end. */
  readonly conclusion: 'success' | 'failure' | undefined;
  /** The step with the id `dbt`. */
  readonly main: ActPhase;
  readonly post: ActPhase;
  /** What all steps printed, masked. */
  readonly log: readonly string[];
}

export interface ActPhase {
  /** `undefined` when it did not run or never came to its end. */
  readonly conclusion: 'success' | 'failure' | undefined;
  readonly outputs: Readonly<Record<string, string>>;
  /** What it wrote for the job summary. */
  readonly summary: string;
  /** What it printed, masked, without commands. */
  readonly log: readonly string[];
  readonly annotations: readonly ActAnnotation[];
  /** Titles. */
  readonly groups: readonly string[];
  /** What it wants to be starred out. */
  readonly masks: readonly string[];
}

export interface ActAnnotation {
  readonly level: 'error' | 'warning' | 'notice';
  readonly title: string | undefined;
  readonly message: string;
}

/** A line of `act --json`, as far as it is read here. */
interface Line {
  readonly job?: string;
  readonly matrix?: object;
  readonly stepID?: readonly string[];
  readonly stage?: string;
  readonly msg: string;
  readonly raw_output?: boolean;
  readonly command?: string;
  readonly arg?: string;
  readonly name?: string;
  readonly content?: string;
  readonly kvPairs?: Readonly<Record<string, string>> | null;
  readonly stepResult?: 'success' | 'failure' | 'skipped';
  readonly jobResult?: 'success' | 'failure';
}

type Writable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer I)[] ? I[] : T[K] };
type OpenPhase = Omit<Writable<ActPhase>, 'outputs'> & { outputs: Record<string, string> };
type OpenJob = Omit<Writable<ActJob>, 'main' | 'post'> & { main: OpenPhase; post: OpenPhase };

/** Reads what act prints; `jobs` holds what is known so far. */
export interface ActLog {
  /** Returns what a step printed, if the line is that. */
  push(line: string): string | undefined;
  /** All of it, for people. */
  readonly transcript: () => string;
  readonly jobs: () => readonly ActJob[];
}

export function createActLog(stepId: string): ActLog {
  const jobs = new Map<string, OpenJob>();
  const said: string[] = [];

  return {
    transcript: () => said.join('\n'),
    jobs: () => [...jobs.values()].sort((a, b) => a.name.localeCompare(b.name)),
    push: (text) => {
      const line = parse(text);
      // Jobs of a matrix have names of one length, filled up with blanks.
      const name = line?.job?.trim();
      said.push(line === undefined ? text : `${name ?? 'act'} | ${line.msg.trimEnd()}`);
      if (line === undefined || name === undefined) return undefined;
      const job = jobs.get(name) ?? emptyJob(name);
      jobs.set(name, job);
      if (line.stepResult === 'failure') job.conclusion = 'failure';
      // In a matrix a job that passed says `failure` where another has failed: there only its steps tell.
      const isOfMatrix = Object.keys(line.matrix ?? {}).length > 0;
      if (line.jobResult !== undefined) job.conclusion ??= isOfMatrix ? 'success' : line.jobResult;
      const printed = line.raw_output === true ? line.msg.replace(/[\r\n]+$/, '') : undefined;
      if (printed !== undefined) job.log.push(printed);
      const phase = line.stage === 'Main' ? job.main : line.stage === 'Post' ? job.post : undefined;
      if (phase !== undefined && line.stepID?.at(-1) === stepId) note(phase, line, printed);
      return printed;
    },
  };
}

function note(phase: OpenPhase, line: Line, printed: string | undefined): void {
  if (printed !== undefined) phase.log.push(printed);
  if (line.stepResult === 'success' || line.stepResult === 'failure') phase.conclusion = line.stepResult;
  switch (line.command) {
    case 'set-output':
      if (line.name !== undefined) phase.outputs[line.name] = line.arg ?? '';
      break;
    case 'summary':
      phase.summary += line.content ?? '';
      break;
    case 'add-mask':
      phase.masks.push(line.arg ?? '');
      break;
    case 'group':
      phase.groups.push(line.arg ?? '');
      break;
    case 'error':
    case 'warning':
    case 'notice':
      phase.annotations.push({
        level: line.command,
        title: line.kvPairs?.['title'],
        message: line.arg ?? '',
      });
      break;
    case undefined:
      break;
  }
}

function parse(text: string): Line | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    return JSON.parse(text) as Line;
  } catch {
    return undefined;
  }
}

const emptyPhase = (): OpenPhase => ({
  ...{ conclusion: undefined, summary: '' },
  ...{ outputs: {}, log: [], annotations: [], groups: [], masks: [] },
});

const emptyJob = (name: string): OpenJob => ({
  ...{ name, conclusion: undefined, log: [] },
  ...{ main: emptyPhase(), post: emptyPhase() },
});
