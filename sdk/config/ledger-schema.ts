import * as z from 'zod';
import { durationText, MAX_RETENTION_MS } from './duration-text.ts';

/** Names of variables, or with `*` patterns of them. */
export const VARIABLE = /^[^\s=,]+$/;

/** A path without `*` and `?`. */
const PATH = /^[^*?]*[^*?\s][^*?]*$/;

/** The keys of `dbt-runcache.yml` that are about the ledger. */
export const LEDGER_SHAPE = {
  'dedup-store': z
    .string()
    .min(1)
    .describe(
      'Where the ledger lives, so that identical runs share one result: file:<folder>, relative to this file, redis:<VARIABLE that holds the URL>, redis://…, s3://…, gs://…, in GitHub Actions also actions-cache: and git-ref:, or memory:. No passwords. none: no ledger, and other runs do not hear of what this one writes. Default: none.',
    ),
  'idempotency-key': z
    .string()
    .regex(/^[\s\S]{1,512}$/u)
    .describe(
      'Names the run, at most 512 characters: runs of one key are one run. Not with retry. No secrets: everyone with access to the ledger reads it. Default: derived from every input of the run.',
    ),
  data: z
    .enum(['sources', 'ignore'])
    .describe(
      'What the data in the warehouse is, for a derived key. sources: the freshness dbt reports for every source. ignore: it does not matter. Excludes data-version. Without either no key is derived.',
    ),
  'data-version': z
    .string()
    .min(1)
    .describe(
      'A version of your own for the data in the warehouse, for a derived key, e.g. the id of the last load, or its date. Excludes data. No secrets.',
    ),
  'key-env': z
    .array(z.string().regex(VARIABLE))
    .describe(
      'Names of environment variables that change what dbt does, * for any characters. Added to those of env_var(), of the environment and of the call.',
    ),
  'key-ignore': z
    .array(z.string().regex(PATH))
    .describe(
      "Files and folders that dbt does not read, on your word, relative to the project's folder or absolute, no patterns. What is in them makes no run look different. Added to those of the environment and of the call.",
    ),
  'durable-target': z
    .boolean()
    .describe(
      'Whether what a run leaves in the warehouse certainly is there later, and only runs of this ledger write it. Default: false.',
    ),
  'dedup-on': z
    .enum(['success', 'any'])
    .describe(
      'What may be replayed. success: a failed run frees its key. any: a failed one is replayed as failed. Default: success.',
    ),
  'on-in-flight': z
    .enum(['wait', 'skip', 'fail', 'run'])
    .describe(
      'What to do while an identical run is in flight. wait: for its result. skip: end at once as a success without one, unsafe for a required check. fail. run: run anyway. Default: wait.',
    ),
  'in-flight-wait': durationText().describe('Longest wait for a run in flight, e.g. 30m. Default: 1h.'),
  'on-unavailable': z
    .enum(['run', 'fail'])
    .describe(
      'What to do when the ledger does not answer. run: without it, with a warning. fail. Default: run.',
    ),
  'on-mismatch': z
    .enum(['fail', 'run'])
    .describe(
      'What to do when an idempotency-key was used with other inputs. fail. run: take the key over. Default: fail.',
    ),
  retention: durationText(MAX_RETENTION_MS).describe(
    'How long a record is kept, e.g. 90d, at most 3650d. Default: 30d.',
  ),
  lease: durationText().describe(
    'How long the owner of a run in flight may be silent before another takes over, e.g. 5m. If it lives all the same, two dbt may write at once. Default: 2m; 24h with actions-cache: and git-ref:, where GitHub is asked whether its job is over.',
  ),
  'restore-compiled': z
    .boolean()
    .describe('Whether compiled SQL is kept and brought back as well. Default: false.'),
};

/** The keys of a configuration file that are about the ledger, as they are written there. */
export interface LedgerConfig {
  /** An address, or `none`. */
  readonly 'dedup-store'?: string | undefined;
  readonly 'idempotency-key'?: string | undefined;
  readonly data?: 'sources' | 'ignore' | undefined;
  readonly 'data-version'?: string | undefined;
  /** Names of environment variables, with `*` for any characters. */
  readonly 'key-env'?: readonly string[] | undefined;
  /** Paths, relative to the project's folder or absolute. */
  readonly 'key-ignore'?: readonly string[] | undefined;
  readonly 'durable-target'?: boolean | undefined;
  readonly 'dedup-on'?: 'success' | 'any' | undefined;
  readonly 'on-in-flight'?: 'wait' | 'skip' | 'fail' | 'run' | undefined;
  /** With units, e.g. `30m`. */
  readonly 'in-flight-wait'?: string | undefined;
  readonly 'on-unavailable'?: 'run' | 'fail' | undefined;
  readonly 'on-mismatch'?: 'fail' | 'run' | undefined;
  /** With units, e.g. `90d`. */
  readonly retention?: string | undefined;
  /** With units, e.g. `5m`. */
  readonly lease?: string | undefined;
  readonly 'restore-compiled'?: boolean | undefined;
}

const DURATION = 'give whole numbers with units, at most 24 days in all, e.g. 90s, 30m or 1h30m';

/** What to give for a key, for messages. */
export const LEDGER_FORMS: Readonly<Record<keyof LedgerConfig, string>> = {
  'dedup-store':
    'give file:<folder>, redis:<VARIABLE that holds the URL>, redis://…, s3://…, gs://…, actions-cache:, git-ref:, memory: or none, as text',
  'idempotency-key': 'give a text of 1 to 512 characters',
  data: 'give one of sources, ignore; a version of your own goes into data-version',
  'data-version': 'give a text, in quotes where it is a number or a date',
  'key-env': 'give a list of names of environment variables',
  'key-ignore': 'give a list of paths of files or folders, without * and ?: name the folder itself',
  'durable-target': 'give true or false',
  'dedup-on': 'give one of success, any',
  'on-in-flight': 'give one of wait, skip, fail, run',
  'in-flight-wait': DURATION,
  'on-unavailable': 'give one of run, fail',
  'on-mismatch': 'give one of fail, run',
  retention: 'give whole numbers with units, at most 3650 days in all, e.g. 12h, 90d or 365d',
  lease: DURATION,
  'restore-compiled': 'give true or false',
};
