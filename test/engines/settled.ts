/** What the machine was like, and which connection of dbt's pool was free first. */
const OF_THE_MOMENT =
  /Resource report|connection limit wait|Acquiring new|Re-using an available|Opening a new connection|Connection '.*' was/;

/** What differs between two runs of the same dbt on the same project, taken out; the lines in one order. */
export function settled(text: string): string[] {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: dbt colours its output.
      .replace(/\x1b\[\d+m/g, '')
      .replace(/^.*running dbt with arguments.*$/gm, argumentsInOneOrder)
      .replace(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?/g, 'TIME')
      .replace(/\d\d:\d\d:\d\d(\.\d+)?/g, 'TIME')
      .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'ID')
      .replace(/0x[0-9a-f]+/g, 'ADDRESS')
      .replace(/__dbt_tmp\d+/g, '__dbt_tmpN')
      .replace(/\[ +\d+\.\d+s\]|\[\d+(\.\d+)?m?s\]/g, '[SPENT]')
      .replace(/\d+\.\d+(s| seconds)/g, 'SPENT')
      .replace(/(process_\w+|command_wall_clock_time)": "?[\d.e+]+"?/g, '$1": N')
      .replace(/(Command .* (?:succeeded|failed) at TIME after) .*/g, '$1')
      .replace(/ \.+ \[/g, ' [')
      .replace(/^TIME +\d+ of \d+ /gm, 'TIME ')
      .split('\n')
      .filter((line) => !OF_THE_MOMENT.test(line))
      .sort()
  );
}

/** Core prints a set. */
function argumentsInOneOrder(line: string): string {
  return line
    .split(/, |\{|\}/)
    .sort()
    .join(', ');
}
