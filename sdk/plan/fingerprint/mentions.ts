import { isScalar, LineCounter, parseAllDocuments, visit } from 'yaml';
import { DBT_YAML } from '../yaml-file.ts';
import { MENTION_WORDS, type Mentions, scanTemplate } from './jinja-scan.ts';
import { scanPython } from './python-scan.ts';

/** Endings of the files that dbt renders, or reads and renders the values of. */
export const TEMPLATE_ENDINGS = ['sql', 'yml', 'yaml', 'md', 'j2', 'jinja', 'jinja2'] as const;
const TEMPLATE = new RegExp(String.raw`\.(?:${TEMPLATE_ENDINGS.join('|')})$`, 'i');

/** Of one file, or whatever else a person can be sent to. */
export interface FileMentions extends Mentions {
  readonly file: string;
  /** The profile, of which no model sees what is secret. */
  readonly isProfile?: true;
}

const NO_MENTIONS: Mentions = { names: new Set(), unclear: [], readsMetadata: false };

/** Whether what a file of this name holds can ask for a variable. */
export function isTemplate(name: string): boolean {
  return TEMPLATE.test(name);
}

export function isPython(name: string): boolean {
  return /\.py$/i.test(name);
}

/** What a file asks the environment for. */
export function mentionsIn(name: string, content: Buffer): Mentions {
  if (isPython(name)) return scanPython(content);
  if (!isTemplate(name) || !MENTION_WORDS.some((word) => content.includes(word))) return NO_MENTIONS;
  const text = content.toString('utf8');
  if (/\.ya?ml$/i.test(name)) return scanYaml(text);
  // Of a text file dbt reads the blocks for its documentation alone; a README that shows an example has none.
  if (/\.md(?:\.\w+)?$/i.test(name) && !/\{%[-+]?\s*docs\s/.test(text)) return NO_MENTIONS;
  return scanTemplate(text, 'file');
}

/** What an argument of dbt's asks for: `--vars` and `--args` are YAML, `--inline` is a template. */
export function mentionsInArgument(argument: string): Mentions {
  if (!MENTION_WORDS.some((word) => argument.includes(word))) return NO_MENTIONS;
  const text = argument.replace(/^--[\w-]+=/, '');
  const isYaml = /^\s*(?:\{(?![{%#])|["']?[\w.-]+["']?\s*:)/.test(text);
  return isYaml ? scanYaml(text) : scanTemplate(text, 'string');
}

/** Every value of a YAML file is a template of its own. */
export function scanYaml(text: string): Mentions {
  const lines = new LineCounter();
  // All: the parser silently drops what follows the first.
  const documents = [...parseAllDocuments(text, { ...DBT_YAML, lineCounter: lines })];
  // dbt may read what the parser here does not.
  if (documents.some(({ errors }) => errors.length > 0))
    return scanTemplate(withoutYamlQuotes(text), 'string');
  const all: Mentions[] = [];
  for (const document of documents)
    visit(document, {
      Scalar: (_key, node) => {
        if (!isScalar(node) || typeof node.value !== 'string') return;
        const value = node.value;
        if (!MENTION_WORDS.some((word) => value.includes(word))) return;
        const found = scanTemplate(value, 'yaml');
        const line = lines.linePos(node.range?.[0] ?? 0).line;
        all.push({ ...found, unclear: found.unclear.map((at) => line + at - 1) });
      },
    });
  return joined(all);
}

function joined(all: readonly Mentions[]): Mentions {
  return {
    names: new Set(all.flatMap(({ names }) => [...names])),
    unclear: all.flatMap(({ unclear }) => unclear),
    readsMetadata: all.some(({ readsMetadata }) => readsMetadata),
  };
}

/** Comments of Jinja may span values there, so none counts as one; quotes lose what YAML's own quotes demand. */
function withoutYamlQuotes(text: string): string {
  return text.replaceAll('{#', '{ #').replaceAll('\\"', '"').replaceAll("''", "'");
}
