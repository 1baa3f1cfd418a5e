/**
 * A text of dbt v2 without the call stack it adds to errors when RUST_BACKTRACE is set: lines of a number and a
 * function, each perhaps with one that says where it is.
 */
export function plainBody(body: string): string {
  const lines = body.split('\n');
  const at = lines.findIndex((line, index) => /^\s+0: \S/.test(line) && isStack(lines.slice(index)));
  return (at === -1 ? lines : lines.slice(0, at)).join('\n').trimEnd();
}

function isStack(lines: readonly string[]): boolean {
  return lines.every((line) => /^\s+(?:\d+: \S|at \S)/.test(line) || line.trim() === '');
}
