import type { EngineKind } from '../engine-kind.ts';
import type { Environment } from '../variables.ts';

export type Yaml = Readonly<Record<string, unknown>>;

/** What of the engine decides how settings are read. */
export interface StateEngine {
  readonly kind: EngineKind;
  /** Absent where it could not be told. */
  readonly dbtVersion?: string | undefined;
  /** Of the plugin. Null: there is none. Undefined: not known. dbt v2 has it built in. */
  readonly stateVersion?: string | null | undefined;
  readonly adapterType?: string | undefined;
}

/** Everything a setting of dbt State can stand in. What could not be read is absent. */
export interface StateSettingsInput {
  readonly engine: StateEngine;
  /** dbt's subcommand as words. */
  readonly command: string;
  readonly args: readonly string[];
  /** As dbt sees it, a `.env` file included. */
  readonly env: Environment;
  /** The target of profiles.yml as it is written: the plugin does not render it. */
  readonly target?: Yaml | undefined;
  /** `flags:` of dbt_project.yml, rendered; {@link Unrendered} where only dbt can. */
  readonly projectFlags?: Yaml | undefined;
  /** `dbt-cloud:` of dbt_project.yml. */
  readonly dbtCloud?: Yaml | undefined;
  /** ~/.dbt/dbt_cloud.yml; `unreadable` when it is there and is no YAML map. */
  readonly cloudFile?: Yaml | 'unreadable' | undefined;
  /** `flags:` of ~/.dbt/user_settings.yml, which dbt v2 reads. */
  readonly userFlags?: Yaml | undefined;
  /** Whether a login of an earlier run is kept in ~/.dbt. */
  readonly hasCachedLogin?: boolean | undefined;
  /** What switches State off for this run whatever the settings say. */
  readonly disabledBy?: string | undefined;
}

/** A text of Jinja that only dbt can work out. */
export interface Unrendered {
  readonly jinja: string;
}

export function isUnrendered(value: unknown): value is Unrendered {
  return typeof value === 'object' && value !== null && 'jinja' in value && typeof value.jinja === 'string';
}
