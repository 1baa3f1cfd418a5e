import * as z from 'zod';
import type { NodeDecision, StateProblem } from '../../decisions/decision.ts';
import { ERROR_CODES } from '../../errors.ts';
import { isDecision, YEAR_MS } from './is-decision.ts';

const MAX_DECISIONS = 200_000;

/** Compiles only with every word there is. */
const PROBLEMS: Record<StateProblem, true> = {
  ...{ 'plugin-missing': true, 'login-failed': true, 'organization-refused': true },
  ...{ 'version-check-failed': true, 'no-credentials': true, 'bad-credentials': true },
  ...{ 'adapter-unsupported': true, 'service-unreachable': true, 'service-errors': true },
  ...{ 'client-version-refused': true, 'legacy-package': true, 'commit-timestamps-off': true },
  ...{ declined: true, 'never-asked': true },
};

const text = z.string();
const maybe = text.optional();
const Ms = z.number().min(0).max(YEAR_MS);
const Count = z.number().int().min(0);

const Trouble = z.object({
  problem: z.enum(Object.keys(PROBLEMS)),
  said: maybe,
  fix: text,
  nodes: z.array(text).optional(),
  endedRun: z.literal(true).optional(),
});
const troubles = z.array(Trouble);

const State = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('active'), version: maybe, proof: text, troubles }),
  z.object({ kind: z.literal('inactive'), version: maybe, trouble: Trouble }),
  z.object({ kind: z.literal('disabled'), version: maybe, by: maybe }),
  z.object({ kind: z.literal('absent') }),
  z.object({
    ...{ kind: z.literal('not-applicable'), version: maybe, why: maybe, troubles: troubles.optional() },
  }),
  z.object({ kind: z.literal('unknown'), why: text }),
]);

const Notice = z.object({
  kind: z.enum(['warning', 'deprecation', 'problem']),
  name: text,
  message: text,
  hint: maybe,
  count: Count,
  uniqueId: maybe,
});

const Engine = z.object({
  kind: z.enum(['core', 'fusion']),
  commandPrefix: z.array(text),
  ...{
    dbtVersion: maybe,
    adapterType: maybe,
    adapterVersion: maybe,
    pythonVersion: maybe,
    stateVersion: maybe,
  },
});

const Project = z.object({
  ...{ name: text, dir: text, targetPath: text, profileName: maybe, targetName: maybe },
});

const Check = z.object({
  code: text,
  answers: maybe,
  status: z.enum(['pass', 'warn', 'fail', 'unknown']),
  seen: text,
  fix: maybe,
});

/** What a replay takes from the report of an earlier run. It came from outside: whoever may write to the ledger wrote it. */
export const REPEATED_REPORT = z.object({
  outcome: z.enum(['executed', 'failed']),
  failure: z.object({ code: z.enum(ERROR_CODES), message: text, hint: maybe, outputTail: maybe }).optional(),
  exitCode: z.number().int().optional(),
  invocationId: maybe,
  engine: Engine.optional(),
  threads: z.number().optional(),
  state: State,
  diagnosis: z
    .object({
      schemaVersion: z.literal(1),
      checkedAt: text,
      status: z.enum(['pass', 'warn', 'fail']),
      checks: z.array(Check),
      engine: Engine.optional(),
      project: Project.optional(),
    })
    .optional(),
  // Node time: many at once may be more than a year.
  savings: z.object({ nodeMs: z.number().min(0), nodes: Count }).optional(),
  selectedCount: Count.optional(),
  decisions: z.custom<readonly NodeDecision[]>(
    (value) => Array.isArray(value) && value.length <= MAX_DECISIONS && value.every(isDecision),
    'they are too many, or not all of them are decisions',
  ),
  notices: z.array(Notice),
});

/** What is told of the earlier run itself. */
export const REPEATED_RECORD = z.object({ wallMs: Ms });
