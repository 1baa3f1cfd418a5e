/** Secrets the runner was told of, starred out of everything it shows. */
export interface Masks {
  add(secret: string): void;
  /** The text with `***` for every secret, line by line as the runner's log and summaries are. */
  apply(text: string): string;
}

/** The runner hides a value as it is, each of its lines, and the forms it takes in JSON, base64 and URLs. */
export function createMasks(): Masks {
  const hidden = new Set<string>();
  return {
    add: (secret) => {
      for (const part of [secret, ...secret.split(/\r?\n/)]) {
        if (part.trim() === '') continue;
        for (const form of formsOf(part)) hidden.add(form);
      }
    },
    apply: (text) => {
      const longestFirst = [...hidden].sort((a, b) => b.length - a.length);
      const mask = (line: string) =>
        longestFirst.reduce((rest, secret) => rest.replaceAll(secret, '***'), line);
      return text.split('\n').map(mask).join('\n');
    },
  };
}

function formsOf(secret: string): string[] {
  const base64 = Buffer.from(secret).toString('base64');
  return [secret, JSON.stringify(secret).slice(1, -1), base64, encodeURIComponent(secret)];
}
