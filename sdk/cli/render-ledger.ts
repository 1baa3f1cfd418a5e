import type { EarlierRun, LedgerEntry, LedgerLine, SweptLedger } from '../index.ts';
import { counted, shortAge, shortBytes } from './counted.ts';
import { oneLine } from './tame.ts';

const DIGITS = 12;
const MAX_CELL = 60;

/** A table. @param total How many there are, of which these are the newest. */
export function renderLedger(lines: readonly LedgerLine[], total: number): string {
  if (total === 0) return 'The ledger is empty.\n';
  const rows = lines.map((line) => [
    ageOf(line),
    stateOf(line),
    oneLine(line.digest).slice(0, DIGITS),
    oneLine(runOf(line)?.command ?? '', MAX_CELL),
    whoOf(runOf(line)),
  ]);
  const table = aligned([['AGE', 'STATE', 'KEY', 'COMMAND', 'WHO'], ...rows]);
  const more = total - lines.length;
  return `${table}${more > 0 ? `${counted(more, 'older one')} not shown: see --limit.\n` : ''}`;
}

/** Everything of one. */
export function renderEntry({ line, details }: LedgerEntry): string {
  const rows: string[][] = [
    ['Key', oneLine(line.digest)],
    ['State', `${stateOf(line)}${line.state === 'unreadable' ? `: ${oneLine(line.why)}` : ''}`],
  ];
  const add = (name: string, value: string | undefined): void => {
    if (value !== undefined && value !== '') rows.push([name, value]);
  };
  add('Last written', line.ageMs === undefined ? undefined : `${ageOf(line)} ago`);
  if (line.state === 'in-flight') {
    add(
      'Taken over',
      line.staleInMs === 0 ? 'by the next run of it' : `at silence, ${shortAge(line.staleInMs)} on`,
    );
  }
  if (line.state === 'finished') add('Made of', madeOf(line));
  if (line.state !== 'unreadable') add('Owners so far', String(line.attempt));
  const run = runOf(line);
  if (run !== undefined) addRun(run, add);
  if (details !== undefined) addDetails(details, add);
  if (line.state === 'finished') add('Stored', shortBytes(line.bytes));
  return aligned(rows);
}

/** What was released, and what happens next. */
export function renderReleased(line: LedgerLine): string {
  const run = runOf(line);
  const about = run === undefined ? '' : ` (${oneLine(run.command, MAX_CELL)}, ${whoOf(run)})`;
  const age = line.ageMs === undefined ? '' : `, ${ageOf(line)} ago`;
  const was = `${oneLine(line.digest).slice(0, DIGITS)} was ${stateOf(line)}${about}${age}.`;
  const next = 'The next run of this key runs dbt.';
  if (line.state === 'free') return `${was} ${next}\n`;
  const isAtIt = line.state === 'in-flight' && line.staleInMs > 0;
  return `${was} It is free now. ${isAtIt ? 'The run at it goes on, and its result is not kept. ' : ''}${next}\n`;
}

export function renderSwept({ entries, blobs }: SweptLedger): string {
  return `Cleared away ${counted(entries, 'entry', 'entries')} and ${counted(blobs, 'blob')}.\n`;
}

type Add = (name: string, value: string | undefined) => void;

function addRun(run: EarlierRun, add: Add): void {
  const { startedAt, finishedAt, wallMs, url, host, pid, labels } = run;
  add('Command', oneLine(run.command));
  add('Started', oneLine(startedAt));
  const took = wallMs === undefined ? '' : `, after ${shortAge(wallMs)}`;
  add('Finished', finishedAt === undefined ? undefined : oneLine(finishedAt) + took);
  add('Host', `${oneLine(host)}, process ${pid}`);
  add('See', url === undefined ? undefined : oneLine(url, 2048));
  const named = Object.entries(labels).map(([name, value]) => `${oneLine(name)}=${oneLine(value)}`);
  add('Labels', named.join(', '));
}

function addDetails(
  { exitCode, parts, files, omitted }: NonNullable<LedgerEntry['details']>,
  add: Add,
): void {
  add('Exit code', String(exitCode));
  for (const { name, digest, items } of parts) {
    const many = items === undefined ? '' : ` (${counted(Object.keys(items).length, 'item')})`;
    add(
      `Part ${oneLine(name)}`,
      digest === null ? 'not known' : `${oneLine(digest).slice(0, DIGITS)}${many}`,
    );
  }
  for (const { path, bytes } of files) add('File', `${oneLine(path)}, ${shortBytes(bytes)}`);
  for (const { path, bytes } of omitted) add('Too large', `${oneLine(path)}, ${shortBytes(bytes)}`);
}

function madeOf({ keyKind, givenKey }: Extract<LedgerLine, { state: 'finished' }>): string {
  if (keyKind === 'derived') return 'every input of the run';
  return givenKey === undefined ? 'a given key' : `the given key ${oneLine(givenKey, 512)}`;
}

function runOf(line: LedgerLine): EarlierRun | undefined {
  return line.state === 'in-flight' || line.state === 'finished' ? line.run : undefined;
}

function whoOf(run: EarlierRun | undefined): string {
  return run === undefined ? '' : oneLine(run.url ?? `${run.host} (${run.pid})`, 200);
}

function ageOf({ ageMs }: LedgerLine): string {
  return ageMs === undefined ? '?' : shortAge(ageMs);
}

function stateOf(line: LedgerLine): string {
  switch (line.state) {
    case 'finished':
      return line.result;
    case 'in-flight':
      return line.staleInMs === 0 ? 'silent' : 'in flight';
    case 'free':
    case 'unreadable':
      return line.state;
  }
}

/** Columns; the last one as wide as it likes. */
function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  const printed = rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return printed.map((line) => `${line}\n`).join('');
}
