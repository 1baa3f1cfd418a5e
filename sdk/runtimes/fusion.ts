import { DbtRunCacheError } from '../errors.ts';
import type { RuntimeEnd, RuntimeRequest } from './runtime.ts';

/** Runs dbt v2 (Fusion) once. */
export async function runFusion(_request: RuntimeRequest): Promise<RuntimeEnd> {
  throw new DbtRunCacheError('dbt v2 is not driven yet', { code: 'dbt-not-usable' });
}
