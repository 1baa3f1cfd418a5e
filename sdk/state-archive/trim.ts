import { jsonObjectOf } from '../util/json-of.ts';
import * as objects from './trim-manifest.ts';

type Engine = 'core' | 'fusion';
type Trim = (object: Readonly<Record<string, unknown>>, engine: Engine) => object;

/** `manifest.json` as it is kept; what cannot be read as JSON stays as it is. See {@link objects.trimManifest}. */
export function trimManifest(file: Uint8Array, engine: Engine): Uint8Array {
  return trimmed(file, engine, objects.trimManifest);
}

/** Likewise `run_results.json`. */
export function trimRunResults(file: Uint8Array, engine: Engine): Uint8Array {
  return trimmed(file, engine, objects.trimRunResults);
}

/** Python writes NaN, which is no JSON: dbt reads such a file, and so it is kept whole. */
function trimmed(file: Uint8Array, engine: Engine, trim: Trim): Uint8Array {
  // It may be too large to be read as one text.
  if (engine === 'fusion' && trim === objects.trimManifest) return file;
  const object = jsonObjectOf(Buffer.from(file).toString('utf8'));
  if (object === undefined) return file;
  const kept = trim(object, engine);
  return kept === object ? file : Buffer.from(JSON.stringify(kept));
}
