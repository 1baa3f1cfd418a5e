import * as z from 'zod';
import { durationText, MAX_RETENTION_MS } from './duration-text.ts';

/** The keys of `dbt-runcache.yml` that are about production's state, and what else spares a run work done before. */
export const STATE_SHAPE = {
  state: z
    .enum(['managed', 'off'])
    .describe(
      "Production's state. managed: the one that fits is fetched and given to dbt, and a run that stands for production leaves its own. off: neither, whatever slim and publish-state say. Default: as slim and publish-state need it.",
    ),
  slim: z
    .union([z.boolean(), z.literal('strict')])
    .describe(
      "Whether what differs from production's state is built, with all that stands below it, and nothing else. strict: also what dbt's comparison overlooks. Default: false.",
    ),
  'publish-state': z
    .enum(['auto', 'always', 'never'])
    .describe(
      'Whether a successful run leaves its state for later ones. auto: a build of the whole project, or a slim one, on the default branch. always: any successful run, on your word that it is what production has. never. Default: auto where state or slim is given, else never.',
    ),
  'state-store': z
    .string()
    .min(1)
    .describe(
      'Where states and the parse cache are kept: an address as of dedup-store, file:<folder> relative to this file. No passwords. Default: that of dedup-store, else in the Action actions-cache:.',
    ),
  'state-environment': z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/)
    .describe(
      'Names what the states are of, e.g. staging: 1 to 64 letters, digits, dots, dashes and underscores. Default: production.',
    ),
  'on-missing-state': z
    .enum(['build-all', 'fail'])
    .describe(
      'What to do where no state fits. build-all: the run as it was given, with a warning. fail. Default: build-all.',
    ),
  'max-state-age': durationText(MAX_RETENTION_MS).describe(
    'How old a state may be that is taken, e.g. 7d. Default: any age.',
  ),
  'state-retention': durationText(MAX_RETENTION_MS).describe(
    'How long a state is kept, e.g. 90d, at most 3650d. Default: 90d.',
  ),
  'fresher-sources': z
    .boolean()
    .describe(
      'Whether dbt source freshness is run first, so that a slim build also builds what stands below sources with newer data than production had. Production needs it as well. Default: false.',
    ),
  'parse-cache': z
    .boolean()
    .describe(
      'Whether what dbt Core has parsed is kept for machines that begin without it, in the store of the states. Default: false.',
    ),
  deps: z
    .enum(['auto', 'never'])
    .describe(
      'Whether dbt deps is run first. auto: unless what is installed certainly is what the lock file says. never: the packages are there. Default: never, but auto where the run installs dbt.',
    ),
};

/** The keys of a configuration file that are about production's state, as they are written there. */
export interface StateConfig {
  readonly state?: 'managed' | 'off' | undefined;
  readonly slim?: boolean | 'strict' | undefined;
  readonly 'publish-state'?: 'auto' | 'always' | 'never' | undefined;
  /** An address. */
  readonly 'state-store'?: string | undefined;
  readonly 'state-environment'?: string | undefined;
  readonly 'on-missing-state'?: 'build-all' | 'fail' | undefined;
  /** With units, e.g. `7d`. */
  readonly 'max-state-age'?: string | undefined;
  /** With units, e.g. `90d`. */
  readonly 'state-retention'?: string | undefined;
  readonly 'fresher-sources'?: boolean | undefined;
  readonly 'parse-cache'?: boolean | undefined;
  readonly deps?: 'auto' | 'never' | undefined;
}

const DURATION = 'give whole numbers with units, at most 3650 days in all, e.g. 12h, 7d or 365d';

/** What to give for a key, for messages. */
export const STATE_FORMS: Readonly<Record<keyof StateConfig, string>> = {
  state: 'give one of managed, off',
  slim: 'give one of true, false, strict',
  'publish-state': 'give one of auto, always, never',
  'state-store':
    'give file:<folder>, redis:<VARIABLE that holds the URL>, redis://…, s3://…, gs://…, actions-cache:, git-ref: or memory:, as text',
  'state-environment':
    'give 1 to 64 letters, digits, dots, dashes and underscores, in quotes where it is a number',
  'on-missing-state': 'give one of build-all, fail',
  'max-state-age': DURATION,
  'state-retention': DURATION,
  'fresher-sources': 'give true or false',
  'parse-cache': 'give true or false',
  deps: 'give one of auto, never',
};
