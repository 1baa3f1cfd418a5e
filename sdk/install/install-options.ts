import type { FolderCache } from './environment.ts';

/** dbt, installed by the run itself, and only where it has to run. */
export interface InstallOptions {
  /**
   * A requirements file, relative to `cwd`, or what would stand in one, at blanks or line ends apart, e.g.
   * `dbt-core==1.11.2 dbt-postgres==1.10.0`. For a key, every requirement needs an exact version.
   */
  readonly requirements: string;
  /** The folder for virtual environments. Default: in the runner's tool cache, else in the user's own cache folder. */
  readonly folder?: string | undefined;
  /** Keeps environments and dbt packages from one machine to the next. Default: none. */
  readonly cache?: FolderCache | undefined;
}
