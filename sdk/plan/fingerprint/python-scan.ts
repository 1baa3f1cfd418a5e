import type { Mentions } from './jinja-scan.ts';

const NONE: Mentions = { names: new Set(), unclear: [], readsMetadata: false };
const MENTION = /\b(?:environb?|getenvb?)\b/g;
const READS =
  /(?:environ\s*\[\s*|environ\s*\.\s*get\s*\(\s*|getenv\s*\(\s*)(?:'([^'\\\n]*)'|"([^"\\\n]*)")\s*[\],)]/y;
/** What an import brings in is seen where it is used, as long as it keeps its name. */
const SAYS_NOTHING = /^[ \t]*(?:#|(?:from\s+os\s+import|import)\b(?!.*\bas\b)).*$/gm;

/**
 * What a Python model asks the environment for: with some adapters it runs in dbt's own process. Other Python files are
 * not dbt's.
 */
export function scanPythonModel(content: Buffer): Mentions {
  if (!content.includes('environ') && !content.includes('getenv')) return NONE;
  const whole = content.toString('utf8');
  if (!/^(?:async[ \t]+)?def[ \t]+model[ \t]*\(/m.test(whole)) return NONE;
  const text = whole.replace(SAYS_NOTHING, '');
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
