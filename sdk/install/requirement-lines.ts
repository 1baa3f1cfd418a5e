import { type Environment, readVariable } from '../plan/variables.ts';
import { hideCredentials } from './hide-credentials.ts';

/** A line as pip takes it: joined where a backslash ends it, without comments, with its variables filled in. */
export interface RequirementLine {
  /** 1-based: where it begins. */
  readonly number: number;
  readonly text: string;
  /** What names it in a digest: as `text`, but what variables put into credentials does not count. */
  readonly counted: string;
  /** Whether a variable stands outside of an address, which uv does not fill in. */
  readonly hasLooseVariable: boolean;
}

const VARIABLE = /\$\{([A-Z0-9_]+)\}/g;

export function requirementLines(text: string, env: Environment): RequirementLine[] {
  return joined(text.replace(/^\uFEFF/, '')).flatMap(({ number, raw }) => {
    const plain = raw.replace(/(^|\s)#.*$/, '').trim();
    if (plain === '') return [];
    const filled = plain.replaceAll(VARIABLE, (whole, name: string) => readVariable(env, name) || whole);
    return {
      number,
      text: filled,
      counted: filled === plain ? plain : hideCredentials(filled),
      hasLooseVariable: plain.replaceAll(/\S*:\/\/\S*/g, '').search(VARIABLE) !== -1,
    };
  });
}

function joined(text: string): { number: number; raw: string }[] {
  const found: { number: number; raw: string }[] = [];
  let open: { number: number; raw: string } | undefined;
  for (const [at, line] of text.split(/\r\n|\r|\n/).entries()) {
    const isComment = /^\s*#/.test(line);
    // A comment ends a line that goes on; a blank keeps it a comment.
    const piece = isComment ? ` ${line}` : line;
    const goesOn = !isComment && line.endsWith('\\');
    open = { number: open?.number ?? at + 1, raw: (open?.raw ?? '') + (goesOn ? piece.slice(0, -1) : piece) };
    if (goesOn) continue;
    found.push(open);
    open = undefined;
  }
  return open === undefined ? found : [...found, open];
}
