import { error, info, notice, warning } from '@actions/core';
import type { DedupNotice, Explanation, LookAt, Notice, Phrase, SourceLocation } from '../sdk/index.ts';

/** GitHub shows this many errors, warnings and notices each of a step. */
const MAX_OF_A_KIND = 10;
/** Kept free for the step's own message: why it fails, or what it could not write. */
const OWN = 1;
/** GitHub cuts longer messages. */
const MAX_MESSAGE = 4096;
const MAX_TITLE = 255;
const PRINT = { error, warning, notice } as const;

export interface AnnotationOptions {
  readonly mode: 'all' | 'failures' | 'off';
  /** The file in the repository, as a path from its root; undefined when it is not there. */
  readonly pathOf: (location: SourceLocation) => string | undefined;
}

interface Annotation {
  readonly level: 'error' | 'warning' | 'notice';
  readonly title: string;
  readonly message: string;
  readonly location?: SourceLocation | undefined;
}

/**
 * Puts what a person should look at on the files it is about, failures first, within GitHub's limits.
 * Why a run could not be done is not here: the step's own failing message says it.
 */
export function annotate(explanation: Explanation, options: AnnotationOptions): void {
  if (options.mode === 'off') return;
  const all = collect(explanation).filter(({ level }) => options.mode === 'all' || level === 'error');
  const left: string[] = [];
  for (const level of ['error', 'warning', 'notice'] as const) {
    const ofLevel = all.filter((annotation) => annotation.level === level);
    const room = level === 'notice' ? MAX_OF_A_KIND : MAX_OF_A_KIND - OWN;
    for (const annotation of ofLevel.slice(0, room)) print(annotation, options);
    if (ofLevel.length > room) left.push(`${ofLevel.length - room} ${level}s`);
  }
  if (left.length > 0) info(`Not annotated, since GitHub shows few a step: ${left.join(', ')} more.`);
}

function collect(explanation: Explanation): Annotation[] {
  const { state, lookAt, notices, dedup } = explanation;
  const isReplay = dedup?.kind === 'replayed';
  const annotations: Annotation[] = lookAt
    .filter(({ node }) => node !== undefined)
    .map(ofNode)
    .map((one) => (isReplay ? { ...one, message: `${one.message}\n${OF_EARLIER_RUN}`.trim() } : one));
  annotations.unshift(...ofLedger(explanation));
  if (state.tone === 'problem') {
    const fixes = state.troubles.map(({ said, fix }) => [said, fix].filter(Boolean).join('\n'));
    annotations.unshift({
      level: 'warning',
      title: state.title,
      message: [state.sentence, ...fixes].join('\n'),
    });
  }
  return [...annotations, ...notices.map(ofNotice)];
}

const OF_EARLIER_RUN = 'This happened in an earlier, identical run. dbt did not run now.';

/** That there is no result of this run's own, or that the ledger did not do what it is there for. */
function ofLedger({ dedup, headline }: Explanation): Annotation[] {
  const title = headline.title;
  switch (dedup?.kind) {
    case undefined:
      return [];
    case 'replayed':
      return [{ level: 'notice', title, message: wordsOf(dedup.lead) }];
    case 'skipped-in-flight':
      return [{ level: 'warning', title, message: wordsOf(dedup.lead) }];
    case 'executed': {
      // Without a key it will never be found: a setting is missing.
      const hasNoKey = dedup.unknown.length > 0;
      if (dedup.tone === 'quiet' && !hasNoKey) return [];
      const message = dedup.caution ?? [wordsOf(dedup.lead), ...ofUnknown(dedup)].join('\n');
      return [{ level: 'warning', title: 'The ledger', message }];
    }
  }
}

/** The inputs that are not known, each as a sentence. */
export function ofUnknown({ unknown }: Extract<DedupNotice, { kind: 'executed' }>): string[] {
  return unknown.map(({ input, why }) => `${wordsOf(input)}: ${why}`);
}

export function wordsOf(lead: readonly Phrase[]): string {
  return lead.map(({ text, url }) => (url === undefined ? text : `${text} (${url})`)).join('');
}

function ofNode({ kind, node, title, message, hint }: LookAt): Annotation {
  return {
    level: kind === 'failure' ? 'error' : 'warning',
    title: `${node?.name ?? ''}: ${title.charAt(0).toLowerCase()}${title.slice(1).replace(': ', ', ')}`,
    message: [message, hint].filter((text) => text !== undefined && text !== '').join('\n'),
    location: node?.location,
  };
}

function ofNotice({ kind, name, message, hint, count }: Notice): Annotation {
  const times = count > 1 ? ` (${count} times)` : '';
  return {
    level: kind === 'deprecation' ? 'notice' : 'warning',
    title: `${name}${times}`,
    message: [message, hint].filter((text) => text !== undefined).join('\n'),
  };
}

function print({ level, title, message, location }: Annotation, options: AnnotationOptions): void {
  const file = location === undefined ? undefined : options.pathOf(location);
  const name = cut(title.replaceAll(/[\r\n]+/g, ' '), MAX_TITLE);
  // The log of the step shows no titles, so the message says it too.
  PRINT[level](cut(withTitle(name, message), MAX_MESSAGE), {
    title: name,
    ...(file === undefined ? {} : { file }),
    ...(file === undefined || location?.line === undefined ? {} : { startLine: location.line }),
  });
}

function withTitle(title: string, message: string): string {
  if (message === '') return title;
  return `${title}${/[.!?…]$/.test(title) ? '' : '.'} ${message}`;
}

/** At most so many characters, never half of one. */
export function cut(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
