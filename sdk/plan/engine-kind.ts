/** `core`: dbt Core 1.x, in Python. `fusion`: dbt v2, in Rust. */
export type EngineKind = 'core' | 'fusion';
