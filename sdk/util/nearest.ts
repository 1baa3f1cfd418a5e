/** The candidate a mistyped word was meant to be: one letter too many, too few, wrong, or swapped with the next. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  return candidates.find((candidate) => isOneSlip(word.toLowerCase(), candidate.toLowerCase()));
}

function isOneSlip(a: string, b: string): boolean {
  let start = 0;
  while (start < Math.min(a.length, b.length) && a[start] === b[start]) start++;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  const [left, right] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  if (left.length <= 1 && right.length <= 1) return true;
  return left.length === 2 && right === `${left[1]}${left[0]}`;
}
