import type { RunReport } from '../result.ts';
import type { Phrase } from './explanation.ts';
import { count } from './format.ts';
import type { NamedNode } from './managed-state-explanation.ts';
import { asCode, listedPhrases, webAddress } from './phrase.ts';
import { typeInWords, typeRank } from './resource-type.ts';

/** Nodes as a reader knows them, out of unique ids: a state names nodes that are no longer there. */
export interface Names {
  readonly node: (uniqueId: string) => NamedNode;
  /** Without the package where it is the project itself: `cents_to_dollars`, `money.format`. */
  readonly macro: (uniqueId: string) => string;
}

export function namesOf({ decisions, project }: Pick<RunReport, 'decisions' | 'project'>): Names {
  const known = new Map(decisions.map(({ uniqueId, name }) => [uniqueId, name]));
  return {
    node: (uniqueId) => {
      const [type = ''] = uniqueId.split('.', 1);
      const name = known.get(uniqueId) ?? nameIn(uniqueId);
      return { uniqueId, name, kind: typeInWords(type) };
    },
    macro: (uniqueId) => {
      const [, from = '', ...name] = uniqueId.split('.');
      if (name.length === 0) return uniqueId;
      return from === project?.name ? name.join('.') : [from, ...name].join('.');
    },
  };
}

/** `test.shop.not_null_orders_id.cf6c17daed` is `not_null_orders_id`, `source.shop.raw.orders` is `raw.orders`. */
function nameIn(uniqueId: string): string {
  const [type, , ...name] = uniqueId.split('.');
  if (type === 'test' && name.length > 1) name.pop();
  return name.join('.') || uniqueId;
}

/** Models first, then by name: the same order on every machine. */
export function inOrder<T extends NamedNode>(nodes: readonly T[]): T[] {
  const rank = ({ uniqueId }: NamedNode) => typeRank(uniqueId.split('.', 1)[0] ?? '');
  return nodes.toSorted(
    (a, b) => rank(a) - rank(b) || compare(a.name, b.name) || compare(a.uniqueId, b.uniqueId),
  );
}

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** The first of them by name, as code, and how many more. */
export function named(nodes: readonly { readonly name: string }[], limit = 5): Phrase[] {
  const shown = nodes.length === limit + 1 ? nodes : nodes.slice(0, limit);
  return listedPhrases(
    shown.map(({ name }) => [asCode(name)]),
    nodes.length - shown.length,
  );
}

/** A commit by its first seven digits. Anything that is no SHA is shown as it is. */
export function shortCommit(commit: string): string {
  return /^[0-9a-f]{12,64}$/i.test(commit) ? commit.slice(0, 7) : commit;
}

/** The same, leading to the commit where the address of a run of GitHub's tells the repository. */
export function commitPhrase(commit: string, runUrl: string | undefined): Phrase {
  const repository = /^(https?:\/\/[^/\s]+\/[^/\s]+\/[^/\s]+)\/actions\/runs\//.exec(
    webAddress(runUrl) ?? '',
  )?.[1];
  const shown = asCode(shortCommit(commit));
  return repository === undefined || shown.text === commit
    ? shown
    : { ...shown, url: `${repository}/commit/${commit}` };
}

/** How long ago, roughly: `5 minutes`, `3 hours`, `12 days`. */
export function age(ms: number): string {
  if (!Number.isFinite(ms) || ms < 0) return 'an unknown time';
  const minutes = Math.round(ms / 60_000);
  if (minutes < 1) return 'less than a minute';
  if (minutes < 90) return unit(minutes, 'minute');
  const hours = Math.round(minutes / 60);
  return hours < 48 ? unit(hours, 'hour') : unit(Math.round(hours / 24), 'day');
}

function unit(value: number, one: string): string {
  return `${count(value)} ${one}${value === 1 ? '' : 's'}`;
}
