/** Below zero when `a` is the older release. Compares the numbers alone: `2.9.0` is older than `2.22.8`. */
export function compareReleases(a: string, b: string): number {
  const [left, right] = [numbers(a), numbers(b)];
  for (let at = 0; at < Math.max(left.length, right.length); at += 1) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function numbers(release: string): number[] {
  return (/^\d+(?:\.\d+)*/.exec(release)?.[0] ?? '').split('.').map(Number);
}

/** The number of a preview of dbt v2: 196 for `2.0.0rc196` and `2.0.0-preview.196`. Undefined for other versions. */
export function previewOf(dbtVersion: string | undefined): number | undefined {
  const number = /^2\.0\.0(?:rc|-preview\.)(\d+)$/.exec(dbtVersion ?? '')?.[1];
  return number === undefined ? undefined : Number(number);
}
