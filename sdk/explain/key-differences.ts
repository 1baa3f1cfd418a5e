import type { KeyDifference } from '../dedup/key.ts';
import type { DifferenceLine, Phrase } from './explanation.ts';
import { count, counted } from './format.ts';
import { itemInWords, partInWords } from './key-parts.ts';
import { listedPhrases, words } from './phrase.ts';

/** Differences that are named in the sentence; the others are counted there and listed below it. */
export const NAMED_DIFFERENCES = 3;

const HOW: Readonly<Record<KeyDifference['how'], string>> = {
  changed: 'changed',
  added: 'added',
  removed: 'removed',
  unknown: 'not known',
};

/** Each difference as a line of a list. */
export function differenceLines(differences: readonly KeyDifference[]): DifferenceLine[] {
  return differences.map((difference) => ({ what: inputInWords(difference), how: HOW[difference.how] }));
}

/**
 * What differs, as the end of a sentence: `models/orders.sql` (changed) and `vars.start_date` (added), or, of many,
 * `models/orders.sql`, `vars.start_date` (added) and 12 more.
 * @param total How many differ in all.
 */
export function differencesInWords(differences: readonly KeyDifference[], total: number): Phrase[] {
  if (differences.length === 0) return [words(counted(total, 'input'))];
  const named = total <= NAMED_DIFFERENCES ? differences : oneOfEachPart(differences, NAMED_DIFFERENCES);
  const allFiles = total === differences.length && differences.every(({ part }) => part === 'code');
  const more = total - named.length;
  const isShort = more === 0;
  const noun = allFiles ? (more === 1 ? 'more file' : 'more files') : 'more';
  return listedPhrases(
    named.map((difference) => [...inputInWords(difference), ...direction(difference, isShort)]),
    more,
    noun,
  );
}

/** Forty files say less than three of them beside the variable that changed as well. */
function oneOfEachPart(differences: readonly KeyDifference[], limit: number): readonly KeyDifference[] {
  const firsts = [...Map.groupBy(differences, ({ part }) => part).values()].flatMap(([first]) => first ?? []);
  const others = differences.filter((difference) => !firsts.includes(difference));
  return [...firsts, ...others].slice(0, limit);
}

function inputInWords({ part: name, item }: KeyDifference): readonly Phrase[] {
  return item === undefined ? partInWords(name) : itemInWords(name, item);
}

/** Where many differ, that they changed is what one takes for granted. */
function direction({ how }: KeyDifference, isShort: boolean): readonly Phrase[] {
  return how === 'changed' && !isShort ? [] : [words(` (${HOW[how]})`)];
}

/** What the fold that lists them is called. */
export function listTitle(listed: number, total: number): string {
  return listed < total
    ? `The first ${count(listed)} of ${count(total)} differences`
    : `All ${count(total)} differences`;
}
