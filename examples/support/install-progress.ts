/**
 * Tells how far the installer is in lines that make sense on their own.
 * @param show Takes a line.
 * @returns Takes what `pythonEnv()` reports: lines of its own, or every few seconds the time and a line of the
 *   installer's, which may be empty or cut in the middle of a word.
 */
export function installProgress(show: (line: string) => void): (line: string) => void {
  return (line) => {
    const ticked = /^\s*(\d+) s\b(.*)$/.exec(line);
    if (ticked === null) {
      show(line);
      return;
    }
    const [, time = '', said = ''] = ticked;
    show(`${activity(said.trim())} … ${time} s`);
  };
}

function activity(said: string): string {
  const [, verb, what] = /^(Collecting|Downloading|Building)\s+(\S+)(?=\s)/.exec(`${said} `) ?? [];
  // `Installing collected packages: …` is a list too long to show, and so are names of files.
  if (
    verb === undefined ||
    what === undefined ||
    !/^[\w.-]+(?:[=<>~!]=?[\w.]+)?$/.test(what) ||
    said.length >= 70
  )
    return 'installing';
  return `${verb.toLowerCase()} ${what}`;
}
