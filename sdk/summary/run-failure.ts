import type { LookAt } from '../explain/explanation.ts';
import { plainText } from './plain-text.ts';

/** How much of either text is compared. */
const COMPARED = 8000;

/** Whether the end of dbt's output, which is shown, already holds the message of a run that could not be done. */
export function repeats({ message, outputTail }: LookAt): boolean {
  const words = squeezed(message.slice(0, COMPARED));
  return words !== '' && squeezed((outputTail ?? '').slice(-COMPARED)).includes(words);
}

/** Without the breaks, indents and times that dbt's console adds. */
function squeezed(text: string): string {
  return plainText(text)
    .replace(/^\d\d:\d\d:\d\d\s+/gm, '')
    .replace(/\s+/g, ' ')
    .trim();
}
