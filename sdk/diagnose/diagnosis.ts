import type { StateProblem } from '../decisions/decision.ts';
import type { EngineInfo, ProjectInfo } from '../result.ts';

/**
 * What is checked. A code names a check for good: the runbook is built around them. Those of `StateProblem` are
 * failures dbt State itself showed in a run or a probe; the others are looked up before dbt starts.
 */
export type CheckCode =
  | 'dbt-found'
  | 'project-found'
  | 'profile-found'
  | 'plugin-installed'
  | 'plugin-version'
  | 'legacy-package'
  | 'run-cache-enabled'
  | 'settings-valid'
  | 'dbt-state-variable'
  | 'credential-present'
  | 'adapter-supported'
  | 'commit-timestamps'
  | 'git-branch'
  | 'fallback'
  | 'logs'
  | 'run-cache-active'
  | StateProblem;

/** One line of the operator's checklist. */
export interface DiagnosisCheck {
  readonly code: CheckCode;
  /** `unknown`: it could not be checked; nothing is claimed. */
  readonly status: 'pass' | 'warn' | 'fail' | 'unknown';
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
  readonly checks: readonly DiagnosisCheck[];
  readonly engine?: EngineInfo;
  readonly project?: ProjectInfo;
}
