/**
 * One structured log event of dbt, as `dbt --log-format json` prints it and as our event tap writes it
 * (log_version 3). Only what is read is typed; the rest stays in place.
 */
export interface DbtEvent {
  readonly info: {
    /** Event class, e.g. `NodeFinished`. */
    readonly name: string;
    /** e.g. `Q025`. */
    readonly code: string;
    readonly level: string;
    readonly msg: string;
    readonly ts: string;
    readonly invocation_id: string;
    readonly [key: string]: unknown;
  };
  readonly data: Readonly<Record<string, unknown>>;
}

/**
 * The nodes dbt selected. The tap writes it as an event of its own, `{info: {name: 'RuncacheSelection', …},
 * data: {nodes: SelectedNode[]}}`, since dbt logs only their number.
 */
export interface SelectedNode {
  readonly unique_id: string;
  readonly name: string;
  readonly resource_type: string;
}
