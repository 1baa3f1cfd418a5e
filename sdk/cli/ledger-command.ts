import {
  DbtRunCacheError,
  type DedupStore,
  type LedgerLine,
  listLedger,
  loadConfig,
  openStore,
  releaseLedgerEntry,
  showLedgerEntry,
  sweepLedger,
} from '../index.ts';
import { nearest } from '../util/nearest.ts';
import { atMost } from '../util/waiting.ts';
import { EXIT } from './exit-codes.ts';
import { exitSoon } from './exit-soon.ts';
import { LEDGER_HELP } from './help/ledger.ts';
import { renderEntry, renderLedger, renderReleased, renderSwept } from './render-ledger.ts';
import { printJson } from './tame.ts';
import { complaint, oneOf, parseOptions, readConfig, UsageError } from './usage-error.ts';

const FORMATS = ['text', 'json'] as const;
const COMMANDS = ['list', 'show', 'release', 'sweep'] as const;
const DEFAULT_LIMIT = 50;
const CLOSE_MS = 10_000;

const OPTIONS = {
  'dedup-store': { type: 'string' },
  limit: { type: 'string' },
  config: { type: 'string' },
  // Makes parseArgs take it; what it then says is that config is false.
  'no-config': { type: 'boolean' },
  format: { type: 'string', default: 'text' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** What to do, checked. */
type Asked =
  | { readonly command: 'list'; readonly limit: number }
  | { readonly command: 'show' | 'release'; readonly key: string }
  | { readonly command: 'sweep' };

/** What came of it, as text and as data. */
interface Answer {
  readonly text: () => string;
  readonly data: object;
}

/** `dbt-runcache ledger`. @returns The exit code. */
export async function ledgerCommand(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseOptions(argv, OPTIONS, 'ledger');
  if (values.help) {
    process.stdout.write(LEDGER_HELP);
    return EXIT.success;
  }
  const asked = readAsked(positionals, values.limit);
  const format = oneOf('--format', FORMATS, values.format);
  const store = await openConfigured(values['dedup-store'], readConfig(values.config));
  try {
    const { text, data } = await answer(store, asked);
    process.stdout.write(format === 'json' ? printJson({ version: 1, ...data }) : text());
    return EXIT.success;
  } catch (error) {
    if (!(error instanceof DbtRunCacheError) || error.code !== 'ledger-key-not-found') {
      exitSoon();
      throw error;
    }
    process.stderr.write(complaint(error));
    return EXIT.noKey;
  } finally {
    await atMost(CLOSE_MS, store.close(), undefined);
  }
}

async function answer(store: DedupStore, asked: Asked): Promise<Answer> {
  switch (asked.command) {
    case 'list': {
      const lines: LedgerLine[] = [];
      for await (const line of listLedger(store)) lines.push(line);
      // A ledger gives them in no order.
      const age = ({ ageMs }: LedgerLine): number => ageMs ?? Number.POSITIVE_INFINITY;
      const runs = lines.toSorted((a, b) => age(a) - age(b) || 0).slice(0, asked.limit);
      const total = lines.length;
      return { text: () => renderLedger(runs, total), data: { store: store.kind, total, runs } };
    }
    case 'show': {
      const entry = await showLedgerEntry(store, asked.key);
      return { text: () => renderEntry(entry), data: entry };
    }
    case 'release': {
      const released = await releaseLedgerEntry(store, asked.key);
      return { text: () => renderReleased(released), data: { released } };
    }
    case 'sweep': {
      const swept = await sweepLedger(store);
      return { text: () => renderSwept(swept), data: { swept } };
    }
  }
}

function readAsked([word, key, ...more]: readonly string[], limit: string | undefined): Asked {
  const hint = `Give one of ${COMMANDS.join(', ')}. See \`dbt-runcache ledger --help\`.`;
  if (word === undefined) throw new UsageError('ledger needs a command', hint);
  const command = COMMANDS.find((one) => one === word);
  if (command === undefined) {
    const meant = nearest(word, COMMANDS);
    throw new UsageError(
      `ledger has no command "${word}"`,
      meant === undefined ? hint : `Did you mean dbt-runcache ledger ${meant}?`,
    );
  }
  if (limit !== undefined && command !== 'list') {
    throw new UsageError(`ledger ${command} takes no --limit`, 'Leave it out: it is for ledger list.');
  }
  const takesKey = command === 'show' || command === 'release';
  const tooMuch = takesKey ? more[0] : key;
  if (tooMuch !== undefined) {
    throw new UsageError(`ledger ${command} takes no "${tooMuch}"`, `See \`dbt-runcache ledger --help\`.`);
  }
  if (!takesKey) return command === 'list' ? { command, limit: readLimit(limit) } : { command };
  if (key !== undefined && key !== '') return { command, key };
  throw new UsageError(
    `ledger ${command} needs a key`,
    `Give the digest that list shows: dbt-runcache ledger ${command} 0123456789ab`,
  );
}

function readLimit(text: string | undefined): number {
  if (text === undefined) return DEFAULT_LIMIT;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new UsageError(`--limit is "${text}"`, 'Give a whole number, at least 1.');
}

async function openConfigured(given: string | undefined, path: string | undefined): Promise<DedupStore> {
  const { env } = process;
  const cwd = process.cwd();
  const address = given ?? (await loadConfig({ cwd, env, path })).settings['dedup-store']?.value;
  if (address === undefined || address === 'none') {
    throw new UsageError(
      'There is no ledger: nothing says where it lives',
      'Give --dedup-store, e.g. --dedup-store file:.ledger, or set dedup-store in dbt-runcache.yml.',
    );
  }
  return openStore(address, { cwd, env });
}
