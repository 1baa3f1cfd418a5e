import { jsonOf } from '../util/json-of.ts';

/** dbt writes `metadata` first; it is one or two kilobytes. */
const HEAD_BYTES = 64 << 10;
const START = /^\s*\{\s*"metadata"\s*:\s*(?=\{)/;

/**
 * The name of the project that a manifest is of, from its first bytes: it may be large, and dbt reads the rest. Undefined
 * where it is not told there.
 */
export function projectOfManifest(manifest: Uint8Array): string | undefined {
  const head = Buffer.from(manifest.buffer, manifest.byteOffset, Math.min(manifest.byteLength, HEAD_BYTES));
  const text = head.toString('utf8');
  const start = START.exec(text)?.[0].length;
  const metadata = start === undefined ? undefined : jsonOf(firstObject(text.slice(start)));
  const name = (metadata as { readonly project_name?: unknown } | undefined)?.project_name;
  return typeof name === 'string' ? name : undefined;
}

/** Up to the bracket that ends the object; brackets in texts do not count. */
function firstObject(text: string): string {
  let depth = 0;
  for (const { 0: token, index } of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|[{}]/g)) {
    if (token === '{') depth += 1;
    else if (token === '}') depth -= 1;
    if (depth === 0) return text.slice(0, index + 1);
  }
  return '';
}
