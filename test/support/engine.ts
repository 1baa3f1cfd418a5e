import { type PythonEnv, pythonEnv, type Requirements } from './python-env.ts';

/** A dbt the suite over all engines runs on. */
export interface Engine {
  readonly requirements: Requirements;
  readonly kind: 'core' | 'fusion';
  /** As dbt writes it into its artifacts. */
  readonly dbtVersion: string;
  /** dbt's exit code when it could not do the run at all. */
  readonly exitCodeOfNoRun: number;
}

export const CORE_1_11: Engine = {
  requirements: 'core-1.11',
  kind: 'core',
  dbtVersion: '1.11.16',
  exitCodeOfNoRun: 2,
};
export const CORE_1_12: Engine = {
  requirements: 'core-1.12',
  kind: 'core',
  dbtVersion: '1.12.6',
  exitCodeOfNoRun: 2,
};
export const FUSION: Engine = {
  requirements: 'fusion',
  kind: 'fusion',
  dbtVersion: '2.0.0-preview.196',
  exitCodeOfNoRun: 1,
};

export const ENGINES: readonly Engine[] = [CORE_1_11, CORE_1_12, FUSION];

/** The environment that holds the engine, made at the first call. */
export async function environmentOf(engine: Engine): Promise<PythonEnv> {
  return pythonEnv({ requirements: engine.requirements });
}
