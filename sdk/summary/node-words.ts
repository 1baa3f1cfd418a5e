import type { ExplainedNode } from '../explain/explanation.ts';
import { code, codeInCell, codeInHtml, link, linkInHtml, text } from './markdown.ts';
import type { Page } from './page.ts';
import { cut, plainLine } from './plain-text.ts';

/** Longest name shown; dbt itself shortens generated names at 64. */
const NAME_LENGTH = 160;
const PATH_LENGTH = 240;

/** The file of a node as people write it: `models/orders.sql:14`; empty where it is not known. */
export function place({ location }: ExplainedNode): string {
  if (location === undefined || location.path === '') return '';
  return location.line === undefined ? location.path : `${location.path}:${location.line}`;
}

function urlOf(node: ExplainedNode, page: Page): string | undefined {
  return node.location === undefined ? undefined : page.fileUrl(node.location.path, node.location.line);
}

/** Whether the name of a node leads to its file, so that the file need not be named beside it. */
export function nameLinks(node: ExplainedNode, page: Page): boolean {
  const shown = codeInCell(nameOf(node));
  return link(shown, urlOf(node, page)) !== shown;
}

/** A node's name; one with nothing to see is replaced by its unique id. */
export function nameOf(node: ExplainedNode): string {
  const name = cut(node.name, NAME_LENGTH);
  if (plainLine(name) !== '') return name;
  const id = cut(node.uniqueId, NAME_LENGTH);
  return plainLine(id) === '' ? '(no name)' : id;
}

export function nameInText(node: ExplainedNode): string {
  return code(nameOf(node));
}

export function nameInCell(node: ExplainedNode, page: Page): string {
  return link(codeInCell(nameOf(node)), urlOf(node, page));
}

export function nameInHtml(node: ExplainedNode): string {
  return codeInHtml(nameOf(node));
}

export function placeInText(node: ExplainedNode, page: Page): string {
  const shown = place(node);
  return shown === '' ? '' : link(code(cut(shown, PATH_LENGTH)), urlOf(node, page));
}

export function placeInHtml(node: ExplainedNode, page: Page): string {
  const shown = place(node);
  return shown === '' ? '' : linkInHtml(codeInHtml(cut(shown, PATH_LENGTH)), urlOf(node, page));
}

/** What stands behind a reason that no source gave in so many words. */
export function doubtInWords({ because }: ExplainedNode): string {
  return because === 'upstream-failed'
    ? '(worked out from the project graph)'
    : '(worked out: no source says so)';
}

/** The reason, with what makes it less than certain behind it. */
export function reason(node: ExplainedNode): string {
  const doubt = node.basis === 'inferred' ? ` ${doubtInWords(node)}` : '';
  const dispute =
    node.conflicts.length === 0
      ? ''
      : ` Another source disagrees: ${text(cut(node.conflicts.join('; '), 200))}.`;
  return `${text(cut(node.sentence, 400))}${doubt}${dispute}`;
}
