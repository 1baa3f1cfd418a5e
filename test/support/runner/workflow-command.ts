/** A line such as `::error file=a.sql,line=3::message`, as the runner reads it. */
export interface WorkflowCommand {
  readonly name: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly data: string;
}

/** Undefined when the line is not a command's form. Blanks before the colons do not matter to the runner. */
export function parseWorkflowCommand(line: string): WorkflowCommand | undefined {
  const match = /^\s*::([^\s:]+)(?: ([^\n]*?))?::([^\n]*)$/.exec(line.replace(/\r$/, ''));
  if (match === null) return undefined;
  const [, name = '', propertyText = '', data = ''] = match;
  const properties: Record<string, string> = {};
  for (const pair of propertyText.split(',')) {
    const equals = pair.indexOf('=');
    if (equals > 0) properties[pair.slice(0, equals).trim()] = unescapeProperty(pair.slice(equals + 1));
  }
  return { name, properties, data: unescapeData(data) };
}

function unescapeData(value: string): string {
  return value.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%');
}

function unescapeProperty(value: string): string {
  return unescapeData(value.replaceAll('%3A', ':').replaceAll('%2C', ','));
}
