/**
 * dbt's artifacts in one normal form. Field names are dbt's own. What dbt adds later stays in place: every object
 * here may hold more fields than its type names.
 */
export type JsonObject = { readonly [key: string]: unknown };

export interface ArtifactMetadata extends JsonObject {
  readonly dbt_schema_version: string;
  readonly dbt_version: string;
  readonly generated_at: string;
  readonly invocation_id: string | null;
  readonly invocation_started_at?: string | null;
  readonly adapter_type?: string | null;
  readonly project_name?: string | null;
}

export interface TimingEntry extends JsonObject {
  readonly name: string;
  readonly started_at: string | null;
  readonly completed_at: string | null;
}

/** One entry of run_results.json. `status` is kept as dbt wrote it, known to us or not. */
export interface RunResultEntry extends JsonObject {
  readonly unique_id: string;
  readonly status: string;
  readonly timing: readonly TimingEntry[];
  readonly thread_id: string;
  /** Seconds. */
  readonly execution_time: number;
  readonly adapter_response: JsonObject;
  readonly message: string | null;
  readonly failures: number | null;
  readonly relation_name?: string | null;
  readonly compiled_code?: string | null;
}

/** run_results.json, schema v5 or v6. */
export interface RunResults extends JsonObject {
  readonly metadata: ArtifactMetadata;
  readonly results: readonly RunResultEntry[];
  /** Seconds. */
  readonly elapsed_time: number;
  /** The flags of the run; `which` is the subcommand. */
  readonly args: JsonObject;
}

/** A node, source, exposure, … of the manifest: what this package reads of it. */
export interface ManifestNode extends JsonObject {
  readonly unique_id: string;
  readonly name: string;
  readonly resource_type: string;
  readonly package_name: string;
  readonly original_file_path: string;
  readonly config?: JsonObject;
  readonly relation_name?: string | null;
  readonly raw_code?: string;
  readonly depends_on?: {
    readonly nodes?: readonly string[];
    readonly macros?: readonly string[];
  } & JsonObject;
  /** Generic tests: the node they are attached to. */
  readonly attached_node?: string | null;
  readonly column_name?: string | null;
  readonly test_metadata?: JsonObject;
}

/** manifest.json, schema v11, v12 or v20. Maps an older schema lacks are present and empty. */
export interface Manifest extends JsonObject {
  readonly metadata: ArtifactMetadata;
  readonly nodes: Readonly<Record<string, ManifestNode>>;
  readonly sources: Readonly<Record<string, ManifestNode>>;
  readonly exposures: Readonly<Record<string, ManifestNode>>;
  readonly metrics: Readonly<Record<string, ManifestNode>>;
  readonly semantic_models: Readonly<Record<string, ManifestNode>>;
  readonly saved_queries: Readonly<Record<string, ManifestNode>>;
  readonly unit_tests: Readonly<Record<string, ManifestNode>>;
  readonly functions: Readonly<Record<string, ManifestNode>>;
  readonly parent_map: Readonly<Record<string, readonly string[]>>;
  readonly child_map: Readonly<Record<string, readonly string[]>>;
}

export interface SourceFreshnessEntry extends JsonObject {
  readonly unique_id: string;
  readonly status: string;
  readonly max_loaded_at?: string;
  readonly snapshotted_at?: string;
  /** Seconds. */
  readonly max_loaded_at_time_ago_in_s?: number;
  /** Present for a runtime error instead of the ages. */
  readonly error?: string | null;
  readonly execution_time?: number;
}

/** sources.json, schema v3. */
export interface SourcesArtifact extends JsonObject {
  readonly metadata: ArtifactMetadata;
  readonly results: readonly SourceFreshnessEntry[];
  readonly elapsed_time: number;
}

/** catalog.json, schema v1. */
export interface Catalog extends JsonObject {
  readonly metadata: ArtifactMetadata;
  readonly nodes: Readonly<Record<string, JsonObject>>;
  readonly sources: Readonly<Record<string, JsonObject>>;
  readonly errors: readonly string[] | null;
}
