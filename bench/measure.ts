import { spawnSync } from 'node:child_process';

/** The middle of some numbers; the mean of the middle two of an even count. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new Error('The median of nothing was asked for.');
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[sorted.length >> 1] as number;
  const lower = sorted[(sorted.length - 1) >> 1] as number;
  return (lower + upper) / 2;
}

/** Runs a script in a fresh Node and gives the JSON value it prints. Its stderr goes through. */
export function inFreshNode(script: string, args: readonly string[]): unknown {
  const child = spawnSync(process.execPath, [script, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (child.error !== undefined) throw child.error;
  if (child.status !== 0) {
    throw new Error(`${script} ${args.join(' ')} ended with ${child.signal ?? `exit code ${child.status}`}.`);
  }
  return JSON.parse(child.stdout);
}

/** Rows as aligned text, the first column to the left, the others to the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  '),
    )
    .join('\n');
}
