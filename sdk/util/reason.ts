const MAX_LENGTH = 300;

/** What was thrown, as one short line for people. Clients hide the cause of a failed connection a level or two down. */
export function reasonOf(thrown: unknown): string {
  const words: string[] = [];
  for (let error = thrown, depth = 0; error instanceof Error && depth < 3; error = error.cause, depth += 1) {
    const { code } = error as NodeJS.ErrnoException;
    // A host with two addresses fails with an error for each, and no message of its own.
    const inner = error instanceof AggregateError ? reasonsOf(error.errors) : '';
    const text = error.message || inner || (typeof code === 'string' ? code : error.name);
    if (!words.some((word) => word.includes(text))) words.push(text);
  }
  const line = (words.length === 0 ? String(thrown) : words.join(': ')).replaceAll(/\s+/g, ' ');
  return line.length <= MAX_LENGTH ? line : `${line.slice(0, MAX_LENGTH)}…`;
}

function reasonsOf(errors: readonly unknown[]): string {
  return errors.map((error) => (error instanceof Error ? error.message : String(error))).join(', ');
}
