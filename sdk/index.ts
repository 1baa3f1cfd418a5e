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
export { type ClaimAnswer, type ClaimingRun, claimRun, type RunToExecute } from './claim-run.ts';
export type { Config, ConfigSetting, ConfigSettings } from './config/config.ts';
export { ledgerCall } from './config/ledger-call.ts';
export type { LedgerConfig } from './config/ledger-schema.ts';
export { type ConfigSource, loadConfig } from './config/load-config.ts';
export type { ConfigFile, ConfigKey } from './config/schema.ts';
export { stateCall } from './config/state-call.ts';
export type { CallState, StateStore } from './config/state-place.ts';
export type { StateConfig } from './config/state-schema.ts';
export { parseSetting } from './config/text-forms.ts';
export { type CallDefaults, type CallOptions, withConfig } from './config/with-config.ts';
export type { CallDedup } from './config/with-ledger.ts';
export { readDecisionLog } from './decision-log/read.ts';
export type {
  DecisionLogDecision,
  DecisionLogEnd,
  DecisionLogRecord,
  DecisionLogRun,
} from './decision-log/records.ts';
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
export { abandonClaim, type ClaimHandle, parseClaimHandle } from './dedup/claim-handle.ts';
export type { DedupOptions } from './dedup/dedup-options.ts';
export type {
  AskedLedger,
  ClaimReport,
  DedupReport,
  EarlierRun,
  ExecutedBecause,
  NearestRun,
  RecordFate,
} from './dedup/dedup-report.ts';
export type { KeyDifference } from './dedup/key.ts';
export {
  type LedgerDetails,
  type LedgerEntry,
  type LedgerLine,
  type ListLedgerOptions,
  listLedger,
  releaseLedgerEntry,
  type SweepLedgerOptions,
  type SweptLedger,
  showLedgerEntry,
  sweepLedger,
} from './dedup/ledger.ts';
export type { KeyPart } from './dedup/record.ts';
export type {
  BlobAnswer,
  DedupStore,
  ReadAnswer,
  StoredEntry,
  StoreGuarantees,
  SweepAnswer,
  SweepOptions,
  WriteAnswer,
  WriteRequest,
} from './dedup/store.ts';
export { type WithLeaseOptions, withLease } from './dedup/with-lease.ts';
export { type DiagnoseOptions, diagnose } from './diagnose/diagnose.ts';
export type { CheckCode, CheckStatus, Diagnosis, DiagnosisCheck } from './diagnose/diagnosis.ts';
export { DbtRunCacheError, ERROR_CODES, type ErrorCode, type ErrorDetails } from './errors.ts';
export type { RunEvent, RunEventKind } from './events.ts';
export { explain } from './explain/explain.ts';
export { explainClaim, explainFinish, type PartExplanation } from './explain/explain-claim.ts';
export { explainFinished, type FinishedNode } from './explain/explain-finished.ts';
export type * from './explain/explanation.ts';
export { type FinishedRun, type FinishOptions, finishRun, type JobResult } from './finish-run.ts';
export type { FolderCache } from './install/environment.ts';
export type { InstallOptions } from './install/install-options.ts';
export { readLastReport } from './last-report.ts';
export type { ChangeKind, ChangeSelector, MacroChange, NodeChange } from './managed-state/node-change.ts';
export type { Oversight } from './managed-state/oversight.ts';
export type { ManagedStateEngine } from './managed-state/state-nodes.ts';
export type * from './managed-state/state-report.ts';
export type { ConfigOrigin, OutputMode, OutputStreams, RunCacheMode, RunOptions } from './options.ts';
export type { ParseCacheReport } from './parse-cache/parse-cache-report.ts';
export { parseDuration } from './plan/duration.ts';
export { envSecrets } from './plan/environment.ts';
export { splitWords } from './plan/split-words.ts';
export { readReport } from './report.ts';
export type {
  EngineInfo,
  ExecutedRun,
  FailedRun,
  ProjectInfo,
  ReplayedRun,
  RunArtifacts,
  RunFailure,
  RunNotice,
  RunReport,
  RunResult,
  SkippedRun,
  SuccessfulRun,
} from './result.ts';
export { type DbtRun, runDbt } from './run-dbt.ts';
export { type KeyPartDescription, type RunKeyDescription, type RunKeyOptions, runKey } from './run-key.ts';
export type { ParseCacheOptions, StateOptions } from './state-options.ts';
export { openStore, type StorePlace } from './stores/open-store.ts';
export { renderDiagnosis } from './summary/render-diagnosis.ts';
export { renderPart } from './summary/render-part.ts';
export { renderSummary, type SummaryOptions } from './summary/render-summary.ts';
export { renderText, type TextOptions } from './summary/render-text.ts';
