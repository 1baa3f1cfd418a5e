/** Where a setting of dbt State was found. */
export interface SettingSource {
  readonly kind: 'flag' | 'environment' | 'credentials-file' | 'profile' | 'project' | 'user-settings';
  /**
   * What a reader would search for: the variable (`RUN_CACHE_FRESHNESS_TOLERANCE`), the flag (`--no-manage-state`), or
   * the file's key (`profiles.yml: run_cache_allow_clones`, `dbt_project.yml: flags.manage_state`).
   */
  readonly name: string;
}

/** One setting of dbt State, with what decides it. */
export interface StateSetting {
  /** Without prefix, upper case: `FRESHNESS_TOLERANCE`, `MANAGE_STATE`, `API_URL`, … */
  readonly field: string;
  /** As the user wrote it, empty where that is empty; a secret is `set`, a password in an address `***`. */
  readonly value: string;
  readonly source: SettingSource;
  /** What the source outranks, strongest first. */
  readonly overrides: readonly { readonly value: string; readonly source: SettingSource }[];
  /** Why it does nothing for the engine in hand, as a sentence; absent when it has effect. */
  readonly ignored?: string;
  /** What else to know of it, as a sentence. */
  readonly note?: string;
}

/** A value dbt would refuse, with a traceback, once it has started. */
export interface SettingProblem {
  readonly source: SettingSource;
  /** As the user wrote it; never a secret. */
  readonly value: string;
  /** What would be valid, e.g. `seconds (2700) or a duration such as 45m`. */
  readonly validForms: string;
}

/** A value the engine takes, for something its writer can hardly have meant. */
export interface SettingDoubt extends SettingProblem {
  /** What the engine takes it for, e.g. `false`. */
  readonly takenAs: string;
}

/** What the user has set for dbt State, as the engine in hand reads it. */
export interface StateSettings {
  readonly settings: readonly StateSetting[];
  readonly problems: readonly SettingProblem[];
  readonly doubts: readonly SettingDoubt[];
  /** What switches State off, if something does: a variable, a flag or a key. */
  readonly switchedOffBy?: string;
  /** Whether anything was set for State on purpose, so that its absence is worth telling. */
  readonly isWanted: boolean;
  /** The credential State would log in with, the one that is tried first; absent when none was found. */
  readonly credential?: StateCredential;
}

export interface StateCredential {
  readonly kind: 'client-credentials' | 'platform-token' | 'credentials-file' | 'cached-login';
  readonly source: SettingSource;
}
