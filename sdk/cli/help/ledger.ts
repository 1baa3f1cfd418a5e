export const LEDGER_HELP = `Show and clear what the ledger holds of earlier runs.

Usage:
  dbt-runcache ledger list [options]
  dbt-runcache ledger show <key> [options]
  dbt-runcache ledger release <key> [options]
  dbt-runcache ledger sweep [options]

Commands:
  list       The runs in the ledger, the newest first
  show       Everything of one run. The key is the digest that list and
             dbt-runcache key show, or its first characters
  release    Free a key, so that its next run runs dbt: the way to force a run.
             A run that is in flight goes on, and its result is not kept.
             Nothing is asked
  sweep      Clear away what is past its retention

Options:
  --dedup-store <address>
                        Where the ledger lives, as for dbt-runcache run.
                        Default: as the configuration says.
  --limit <number>      Of list: show at most this many. Default: 50.
  --config <file>       Read this configuration file instead of searching one.
  --no-config           Read no configuration file.
  --format <format>     text (default) or json.
  -h, --help            Show this help.

Exit codes:
  0    done
  1    there is no such key
  2    it could not be done: the ledger does not answer, or the command line or
       the configuration is wrong
`;
