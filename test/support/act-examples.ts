import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ACTION_FOLDER, STEP_ID } from './act-workflow.ts';
import { REPOSITORY } from './repository.ts';

/** What stands in for actions that are downloaded from GitHub, which a test does not do. */
export interface StandIns {
  /** A folder with `python3` and `python`, for actions/setup-python. */
  readonly pythonFolder: string;
  /** What a login leaves in the environment of later steps, for aws-actions/configure-aws-credentials. */
  readonly awsEnv: Readonly<Record<string, string>>;
  /** Where artifacts lie, for actions/upload-artifact and actions/download-artifact. */
  readonly artifactFolder: string;
}

interface Step {
  readonly uses?: string;
  readonly with?: Readonly<Record<string, string>>;
}

interface Workflow {
  readonly concurrency?: object;
  readonly jobs: Readonly<Record<string, { readonly steps: readonly Step[] }>>;
}

/**
 * A file of `examples/workflows`, as it stands but for these changes: the Action is the one in the repository, its step has
 * the id that the log is read by, and each action of others has a stand-in. actions/checkout stays: act does it itself.
 * What `install` names is the requirements file of the project. `concurrency` is left out: act knows no `queue` and refuses
 * the file, and it would obey nothing of it.
 */
export function exampleWorkflow(name: string, standIns: StandIns): { readonly file: object } {
  const text = readFileSync(join(REPOSITORY, 'examples/workflows', name), 'utf8');
  const { concurrency: _, ...workflow } = parse(text) as Workflow;
  const jobs = Object.entries(workflow.jobs).map(([id, job]) => [
    id,
    { ...job, steps: job.steps.map((step) => changed(step, standIns)) },
  ]);
  return { file: { ...workflow, jobs: Object.fromEntries(jobs) } };
}

function changed(step: Step, { pythonFolder, awsEnv, artifactFolder }: StandIns): object {
  const { uses, with: inputs = {}, ...rest } = step;
  const artifact = `'${artifactFolder}/${inputs['name']}'`;
  switch (uses?.replace(/@.*/, '')) {
    case undefined:
    case 'actions/checkout':
      return step;
    case 'org/dbt-runcache-action':
      return {
        ...{ id: STEP_ID, ...rest, uses: `./${ACTION_FOLDER}` },
        with: inputs,
      };
    case 'actions/setup-python':
      return { ...rest, run: appended('GITHUB_PATH', [pythonFolder]) };
    case 'aws-actions/configure-aws-credentials':
      return {
        ...rest,
        run: appended(
          'GITHUB_ENV',
          Object.entries(awsEnv).map(([key, value]) => `${key}=${value}`),
        ),
      };
    case 'actions/upload-artifact':
      return {
        ...rest,
        run: `rm -rf ${artifact} && mkdir -p ${artifact} && cp -R ${inputs['path']}/. ${artifact}`,
      };
    case 'actions/download-artifact':
      return { ...rest, run: `mkdir -p ${inputs['path']} && cp -R ${artifact}/. ${inputs['path']}` };
    default:
      throw new Error(`There is no stand-in for ${uses}`);
  }
}

function appended(file: string, lines: readonly string[]): string {
  return lines.map((line) => `echo '${line}' >> "$${file}"`).join('\n');
}
