const VERSION =
  /^v?(?:(\d+)!)?(\d+(?:\.\d+)*)(?:[-_.]?(alpha|beta|preview|pre|rc|a|b|c)[-_.]?(\d*))?(?:-(\d+)|[-_.]?(post|rev|r)[-_.]?(\d*))?(?:[-_.]?(dev)[-_.]?(\d*))?(?:\+(.+))?$/;
const STAGES: Readonly<Record<string, string>> = {
  ...{ alpha: 'a', beta: 'b', preview: 'rc', pre: 'rc', c: 'rc' },
};

/** Whether a version is the one that is asked for, however both are written; a local part counts only if asked for. */
export function isSameVersion(wanted: string, found: string): boolean {
  const [one, other] = [canonical(wanted), canonical(found)];
  return one === other || (!one.includes('+') && one === other.split('+', 1)[0]);
}

function canonical(text: string): string {
  const plain = text.trim().toLowerCase();
  const match = VERSION.exec(plain);
  if (match === null) return plain;
  const [, epoch, release = '', stage, count, dashed, post, nth, dev, day, local] = match;
  const number = (digits: string | undefined): string => String(Number(digits || '0'));
  const numbers = release
    .split('.')
    .map(number)
    .join('.')
    .replace(/(?:\.0)+$/, '');
  return [
    ...(epoch === undefined || number(epoch) === '0' ? [] : [`${number(epoch)}!`]),
    numbers,
    ...(stage === undefined ? [] : [`${STAGES[stage] ?? stage}${number(count)}`]),
    ...(dashed === undefined && post === undefined ? [] : [`.post${number(dashed ?? nth)}`]),
    ...(dev === undefined ? [] : [`.dev${number(day)}`]),
    ...(local === undefined ? [] : [`+${local.replaceAll(/[-_]/g, '.')}`]),
  ].join('');
}
