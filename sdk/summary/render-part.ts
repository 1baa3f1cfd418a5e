import type { PartExplanation } from '../explain/explain-claim.ts';
import { dedupReason } from './dedup-section.ts';
import { heading, list, paragraph, prose, text } from './markdown.ts';
import { cut } from './plain-text.ts';

const ICONS: Readonly<Record<PartExplanation['verdict'], string>> = {
  'to-run': '▶️',
  passed: '✅',
  failed: '❌',
};
const TITLE_LENGTH = 120;
const SENTENCE_LENGTH = 600;
/** More is no short page. */
const CAUTIONS = 10;

/** One of the two ends of a run in three parts as GitHub-flavoured markdown: a short page. */
export function renderPart({ verdict, title, sentences, why, cautions }: PartExplanation): string {
  const warnings = cautions.slice(0, CAUTIONS).map((caution) => `⚠️ ${prose(cut(caution, SENTENCE_LENGTH))}`);
  return [
    heading(2, `${ICONS[verdict]} ${text(cut(title, TITLE_LENGTH))}`),
    paragraph(sentences.map((sentence) => prose(cut(sentence, SENTENCE_LENGTH))).join(' ')),
    why === undefined ? '' : dedupReason(why),
    warnings.length === 0 ? '' : list(warnings),
  ].join('');
}
