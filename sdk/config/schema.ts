import * as z from 'zod';
import { durationText } from './duration-text.ts';
import { LEDGER_FORMS, LEDGER_SHAPE, type LedgerConfig, VARIABLE } from './ledger-schema.ts';
import { STATE_FORMS, STATE_SHAPE, type StateConfig } from './state-schema.ts';

/** What `dbt-runcache.yml` may hold. Every key is optional. The JSON Schema that is published is made of this. */
export const ConfigSchema = z
  .strictObject({
    version: z.literal(1).describe('Version of this file. Default: 1.'),
    dbt: z
      .string()
      .min(1)
      .describe(
        'Which dbt: the path of an executable or of a virtual environment, relative to this file, or a command to put before dbt\'s arguments, e.g. "uv run dbt". Default: dbt on PATH.',
      ),
    'run-cache': z
      .enum(['inherit', 'disabled'])
      .describe(
        'What decides about dbt State. inherit: your own environment and YAML, nothing is added. disabled: it is switched off for the run, in the way the dbt in hand obeys. Default: inherit.',
      ),
    'require-run-cache': z
      .boolean()
      .describe('Whether a run for which dbt State was not active fails. Default: false.'),
    timeout: durationText().describe(
      'How long a run may take, with units, e.g. 90s, 45m, 1h30m or 2d. Default: no limit.',
    ),
    labels: z
      .record(z.string().min(1).max(128), z.string().max(1024))
      .describe(
        'Labels for the report and every event. Those of the environment and of the call are added; one of the same name wins over the one here.',
      ),
    'on-target-busy': z
      .enum(['fail', 'wait'])
      .describe('What to do while another run uses the same target folder. Default: fail.'),
    'redact-env': z
      .array(z.string().regex(VARIABLE))
      .describe(
        'Names of environment variables whose values are never to be shown. Those of the environment and of the call are added.',
      ),
    'fail-on': z
      .enum(['error', 'warning', 'never'])
      .describe("When the Action's step fails. The command line has its exit codes instead. Default: error."),
    annotations: z
      .enum(['all', 'failures', 'off'])
      .describe('What the Action annotates on the files of the repository. Default: all.'),
    'job-summary': z
      .boolean()
      .describe('Whether the Action adds the report to the job summary. Default: true.'),
    report: z
      .boolean()
      .describe("Whether the report and the decision log are written beside dbt's artifacts. Default: true."),
    ...LEDGER_SHAPE,
    ...STATE_SHAPE,
  })
  .partial();

/** The content of a configuration file, as it is written there. */
export interface ConfigFile extends LedgerConfig, StateConfig {
  readonly version?: 1 | undefined;
  readonly dbt?: string | undefined;
  readonly 'run-cache'?: 'inherit' | 'disabled' | undefined;
  readonly 'require-run-cache'?: boolean | undefined;
  /** With units, e.g. `45m`. */
  readonly timeout?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly 'on-target-busy'?: 'fail' | 'wait' | undefined;
  /** Names of environment variables. */
  readonly 'redact-env'?: readonly string[] | undefined;
  readonly 'fail-on'?: 'error' | 'warning' | 'never' | undefined;
  readonly annotations?: 'all' | 'failures' | 'off' | undefined;
  readonly 'job-summary'?: boolean | undefined;
  readonly report?: boolean | undefined;
}

/** A key that is a setting, as the file has it; the Action's inputs and the options of the command line are named alike. */
export type ConfigKey = Exclude<keyof ConfigFile, 'version'>;

export const CONFIG_KEYS = Object.keys(ConfigSchema.shape).filter((key) => key !== 'version') as ConfigKey[];

/** Two answers to one question: a content gives one of them. */
export const EXCLUSIVE = ['data', 'data-version'] as const;

/** What to give for a key, for messages. */
export const VALID_FORMS: Readonly<Record<keyof ConfigFile, string>> = {
  version: 'give 1, or leave it out',
  dbt: 'give a path or a command, as text',
  'run-cache': 'give one of inherit, disabled',
  'require-run-cache': 'give true or false',
  timeout: 'give whole numbers with units, at most 24 days in all, e.g. 90s, 45m, 1h30m or 2d',
  labels: 'give a map of names to texts; a name takes 1 to 128 characters, a text up to 1024',
  'on-target-busy': 'give one of fail, wait',
  'redact-env': 'give a list of names of environment variables',
  'fail-on': 'give one of error, warning, never',
  annotations: 'give one of all, failures, off',
  'job-summary': 'give true or false',
  report: 'give true or false',
  ...LEDGER_FORMS,
  ...STATE_FORMS,
};

/** The published JSON Schema, for editors and other checks. */
export function configJsonSchema(): object {
  return {
    ...z.toJSONSchema(ConfigSchema, { target: 'draft-2020-12' }),
    not: { required: EXCLUSIVE },
    title: 'dbt-runcache.yml',
    description: 'Settings of dbt-runcache for every run below the folder of this file.',
  };
}
