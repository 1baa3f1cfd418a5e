/**
 * Reads a command file such as GITHUB_OUTPUT the way the runner does: `name=value`, or `name<<DELIMITER`, lines,
 * `DELIMITER`. The later of two values wins.
 * @throws Error in the runner's words for a line that is neither, an empty name, or a delimiter that never comes.
 */
export function parseCommandFile(text: string): Map<string, string> {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  const values = new Map<string, string>();
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    if (line === '') continue;
    const equals = line.indexOf('=');
    const arrows = line.indexOf('<<');
    if (equals >= 0 && (arrows < 0 || equals < arrows)) {
      values.set(nameOf(line.slice(0, equals), line), line.slice(equals + 1));
      continue;
    }
    if (arrows < 0) throw new Error(`Invalid format '${line}'`);
    const name = nameOf(line.slice(0, arrows), line);
    const delimiter = line.slice(arrows + 2);
    if (delimiter === '') throw new Error(`Invalid format '${line}'. Delimiter must not be empty`);
    const end = lines.indexOf(delimiter, at + 1);
    if (end < 0) throw new Error(`Invalid value. Matching delimiter not found '${delimiter}'`);
    values.set(name, lines.slice(at + 1, end).join('\n'));
    at = end;
  }
  return values;
}

function nameOf(name: string, line: string): string {
  if (name === '') throw new Error(`Invalid format '${line}'. Name must not be empty`);
  return name;
}
