import type { StoredBlob } from '../dedup/record.ts';

/** Where states are kept: one list for each project and environment. */
export interface StatePlace {
  /** The project's name. */
  readonly project: string;
  /** Names the repository, e.g. `github.com/acme/shop`; empty where there is none. */
  readonly repository: string;
  /** The folder of the project in the repository, with slashes; empty for its root. */
  readonly path: string;
  /** e.g. `production`. */
  readonly environment: string;
}

/** The line of versions that a state can be compared within: dbt finds differences between two lines where nothing was edited. */
export interface EngineLine {
  readonly engine: 'core' | 'fusion';
  /** e.g. `1.12.6`. */
  readonly dbtVersion: string;
  /** e.g. `postgres`; absent where it is not known. */
  readonly adapterType?: string;
}

/** A commit, as far as it orders states. */
export interface KeptCommit {
  /** Full SHA. */
  readonly commit: string;
  /** ISO 8601, UTC: git's committer date. */
  readonly committedAt: string;
  /** Commits with a state that are certainly its ancestors: those that were kept when it was, at most some. */
  readonly after: readonly string[];
}

/** A blob and how large its content is. */
export interface KeptFile extends StoredBlob {
  /** Uncompressed. */
  readonly contentBytes: number;
}

/** What a successful run of production left: what later runs are compared with. */
export interface KeptState extends KeptCommit, EngineLine {
  /** ISO 8601, UTC. */
  readonly publishedAt: string;
  /** Files that git tracks, or that dbt reads, differed from the commit. */
  readonly isDirty?: true;
  /** Address of the run. */
  readonly url?: string;
  /** dbt's subcommand, e.g. `build`. */
  readonly command: string;
  readonly files: {
    readonly manifest: KeptFile;
    readonly sources?: KeptFile;
    /** Digests of variables and environment variables that templates read, as JSON; see `KnownValues`. */
    readonly values?: KeptFile;
  };
}

/** How the last run of production ended, successful or not: which nodes a later one tries again. */
export interface LastRun extends KeptCommit, EngineLine {
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly outcome: 'succeeded' | 'failed';
  readonly url?: string;
  readonly runResults: KeptFile;
}

/** The entry of a place. */
export interface StateIndex {
  readonly schemaVersion: 1;
  /** At most {@link MAX_STATES}, one a commit and engine line, the newest first. */
  readonly states: readonly KeptState[];
  readonly lastRun?: LastRun;
  /** Runs that build the environment and have not said how they ended: at work, or killed. */
  readonly begun?: readonly BegunRun[];
}

/** A run that builds the environment. */
export interface BegunRun {
  readonly token: string;
  /** Full SHA. */
  readonly commit: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
}

/** How many states one place has: an entry of a store holds no more. */
export const MAX_STATES = 60;

/** Digests by name: what variables and environment variables were, without telling their values. */
export interface KnownValues {
  readonly variables: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string>>;
}
