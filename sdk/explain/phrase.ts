import type { Phrase } from './explanation.ts';
import { count } from './format.ts';

/** GitHub and terminals take longer ones for no link. */
const MAX_URL = 2048;

/** Words of ours, or text that may stand among them. */
export function words(text: string): Phrase {
  return { text };
}

/** What a person would copy or look for: a path, a name. */
export function asCode(text: string): Phrase {
  return { text, code: true };
}

/** A sentence in which code stands between backticks, as hints have it. */
export function proseWords(text: string): Phrase[] {
  return text
    .split(/`([^`]+)`/)
    .flatMap((part, index) => (part === '' ? [] : [index % 2 === 0 ? words(part) : asCode(part)]));
}

/** Pieces as one text, for where there are no links. */
export function plainWords(phrases: readonly Phrase[]): string {
  return phrases.map(({ text }) => text).join('');
}

/** An address a person can open; undefined for what is none, whatever it holds. */
export function webAddress(url: string | undefined): string | undefined {
  return url !== undefined && url.length <= MAX_URL && /^https?:\/\/[^\s/]/i.test(url) ? url : undefined;
}

/** `a`, `a and b`, `a, b and 12 more files`, of pieces. */
export function listedPhrases(items: readonly (readonly Phrase[])[], more = 0, moreWord = 'more'): Phrase[] {
  const rest = more > 0 ? [[words(`${count(more)} ${moreWord}`)]] : [];
  const all = [...items, ...rest];
  return all.flatMap((item, index) => {
    if (index === 0) return item;
    return [words(index === all.length - 1 ? ' and ' : ', '), ...item];
  });
}
