// First, before anything that an old Node cannot load.
import './check-node.ts';

export {
  type ReadOptions,
  readCatalog,
  readManifest,
  readRunResults,
  readSources,
} from './artifacts/read.ts';
export type * from './artifacts/types.ts';
export type {
  DecisionReason,
  Evidence,
  EvidenceSource,
  NodeAction,
  NodeDecision,
  ReportedSavings,
  SourceLocation,
  StateProblem,
  StateStatus,
  StateTrouble,
} from './decisions/decision.ts';
export { DbtRunCacheError, ERROR_CODES, type ErrorCode, type ErrorDetails } from './errors.ts';
export type { RunEvent, RunEventKind } from './events.ts';
export { explain } from './explain/explain.ts';
export type * from './explain/explanation.ts';
export { readLastReport } from './last-report.ts';
export type { OutputMode, OutputStreams, RunOptions } from './options.ts';
export { parseDuration } from './plan/duration.ts';
export { envSecrets } from './plan/environment.ts';
export { splitWords } from './plan/split-words.ts';
export { readReport } from './report.ts';
export type {
  EngineInfo,
  ExecutedRun,
  FailedRun,
  ProjectInfo,
  RunArtifacts,
  RunFailure,
  RunNotice,
  RunReport,
  RunResult,
  SuccessfulRun,
} from './result.ts';
export { type DbtRun, runDbt } from './run-dbt.ts';
export { renderSummary, type SummaryOptions } from './summary/render-summary.ts';
export { renderText, type TextOptions } from './summary/render-text.ts';
