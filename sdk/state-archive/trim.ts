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
  if (engine === 'fusion') return file;
  const object = jsonObjectOf(Buffer.from(file).toString('utf8'));
  return object === undefined ? file : Buffer.from(JSON.stringify(trim(object, engine)));
}
