import type { Mentions } from './jinja-scan.ts';

const NONE: Mentions = { names: new Set(), unclear: [], readsMetadata: false };
const MENTION = /\b(?:environb?|getenvb?)\b/g;
const READS =
  /(?:environ\s*\[\s*|environ\s*\.\s*get\s*\(\s*|getenv\s*\(\s*)(?:'([^'\\\n]*)'|"([^"\\\n]*)")\s*[\],)]/y;
/** What an import brings in is seen where it is used, as long as it keeps its name. */
const SAYS_NOTHING = /^[ \t]*(?:#|(?:from\s+os\s+import|import)\b(?!.*\bas\b)).*$/gm;

/** Whether it is a Python model of dbt's. */
export function isPythonModel(content: Buffer): boolean {
  return /^(?:async[ \t]+)?def[ \t]+model[ \t]*\(/m.test(content.toString('utf8'));
}

/** What a Python file asks the environment for: a model, or what models may import where they run in dbt's own process. */
export function scanPython(content: Buffer): Mentions {
  if (!content.includes('environ') && !content.includes('getenv')) return NONE;
  const text = content.toString('utf8').replace(SAYS_NOTHING, '');
  const names = new Set<string>();
  const unclear: number[] = [];
  for (const { index } of text.matchAll(MENTION)) {
    READS.lastIndex = index;
    const read = READS.exec(text);
    const name = read?.[1] ?? read?.[2];
    if (name !== undefined) names.add(name);
    else unclear.push(text.slice(0, index).split('\n').length);
  }
  return { names, unclear, readsMetadata: false };
}
