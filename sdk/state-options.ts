import type { DedupStore } from './dedup/store.ts';

/** The production state that a run compares itself with, and leaves behind. */
export interface StateOptions {
  /** Where states are kept: a store, or an address as of `openStore()`. Default: that of `dedup`. */
  readonly store?: DedupStore | string | undefined;
  /**
   * Whether the state that fits is fetched and given to dbt as `--state`: the merge base's, else the nearest ancestor's, else
   * the newest of the environment. Default: as `slim` needs it.
   */
  readonly managed?: boolean | undefined;
  /**
   * Builds what changed and what stands below it: adds `--state`, `--defer` and `state:modified+`, with `result:error+
   * result:fail+` of the environment's last run, within the run's own selection. `strict`: also what dbt's comparison
   * overlooks. Default false.
   */
  readonly slim?: boolean | 'strict' | undefined;
  /**
   * Whether a successful run leaves its state. `auto` (default): a build of the whole project, or a slim one, on the default
   * branch. `always`: any successful run, on your word that it is what production has. `never`.
   */
  readonly publish?: 'auto' | 'always' | 'never' | undefined;
  /** Names what the states are of, e.g. `staging`. Default `production`. */
  readonly environment?: string | undefined;
  /** What to do where there is no state that fits. `build-all` (default): the run as it was given. `fail`: `state-missing`. */
  readonly onMissing?: 'build-all' | 'fail' | undefined;
  /** Milliseconds; an older state is not taken. Default: none is too old. */
  readonly maxAge?: number | undefined;
  /**
   * Whether `dbt source freshness` is run first, its result kept with the state, and slim builds also select
   * `source_status:fresher+`: what stands below sources with newer data than the state's. Default false.
   */
  readonly fresherSources?: boolean | undefined;
  /** Milliseconds that a state is kept. Default 90 days. */
  readonly retention?: number | undefined;
  /** For the commits of a pull request, and for stores on GitHub. A secret. Default: `GITHUB_TOKEN` or `GH_TOKEN`. */
  readonly githubToken?: string | undefined;
}

/** Where dbt's parse cache (`partial_parse.msgpack`) is kept between machines. */
export interface ParseCacheOptions {
  /** A store, or an address as of `openStore()`. Default: that of `state`, else that of `dedup`. */
  readonly store?: DedupStore | string | undefined;
}
