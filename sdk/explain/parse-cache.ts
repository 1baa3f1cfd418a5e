import type { RunReport } from '../result.ts';

/** What became of dbt's parse cache, for a run that was told to keep one; nothing where there is nothing to tell. */
export function parseCacheSmallPrint({ parseCache }: RunReport): readonly string[] {
  if (parseCache === undefined) return [];
  const { kind, dbtAnswer, detail, why, saved, notSavedBecause } = parseCache;
  const lines: string[] = [];
  if (kind === 'restored' && dbtAnswer === 'used')
    lines.push('dbt parsed only the files that changed: what an earlier run had parsed came from the store.');
  if (kind === 'restored' && dbtAnswer === 'full-parse')
    lines.push(
      `What an earlier run had parsed came from the store, and dbt had no use for it${because(why)}.`,
    );
  if (kind === 'corrupt' || kind === 'unavailable')
    lines.push(`What an earlier run had parsed could not be brought back${because(detail)}.`);
  if (saved === 'not-saved')
    lines.push(`What dbt has parsed is not kept for later runs${because(notSavedBecause)}.`);
  return lines;
}

function because(why: string | undefined): string {
  return why === undefined ? '' : `: ${why.replace(/\.$/, '')}`;
}
