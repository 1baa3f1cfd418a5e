import type { StateProblem } from '../decisions/decision.ts';
import type { EngineInfo, ProjectInfo } from '../result.ts';

/**
 * What is checked. A code names a check for good: the runbook is built around them. Those of `StateProblem` are
 * failures dbt State itself showed, in a run or in a probe; each stands in the place of the check it answers, e.g.
 * `no-credentials` in that of `credential-present`. The others are looked up before dbt starts.
 */
export const CHECK_CODES = [
  'dbt-found',
  'project-found',
  'profile-found',
  'plugin-installed',
  'plugin-version',
  'legacy-package',
  'run-cache-enabled',
  'settings-valid',
  'dbt-state-variable',
  'adapter-supported',
  'credential-present',
  'fallback',
  'commit-timestamps',
  'git-branch',
  'service',
  'logs',
  'run-cache-active',
] as const;

export type CheckCode = (typeof CHECK_CODES)[number] | StateProblem;

export type CheckStatus = 'pass' | 'warn' | 'fail' | 'unknown';

/** One line of the operator's checklist. */
export interface DiagnosisCheck {
  readonly code: CheckCode;
  /** The check this stands in the place of, e.g. `credential-present` where the code is `no-credentials`. */
  readonly answers?: CheckCode;
  /** `unknown`: it could not be checked; nothing is claimed. */
  readonly status: CheckStatus;
  /** What was seen, as a sentence, redacted. */
  readonly seen: string;
  /** The line that fixes it: a command, a setting, or a sentence in the imperative. Given unless the check passed. */
  readonly fix?: string;
}

/** The operator's checklist of the run-cache contract, filled in. */
export interface Diagnosis {
  /** Version of this shape. */
  readonly schemaVersion: 1;
  /** ISO 8601, UTC. */
  readonly checkedAt: string;
  /** The worst of the checks; `unknown` ones do not count. */
  readonly status: 'pass' | 'warn' | 'fail';
  /** In the order in which one check builds on the next. What has no part in this engine or target is left out. */
  readonly checks: readonly DiagnosisCheck[];
  readonly engine?: EngineInfo;
  readonly project?: ProjectInfo;
}
