export const KEY_HELP = `Show the key that a run has in the ledger, and what it is made of.

Usage:
  dbt-runcache key [options] -- <dbt arguments>

Two runs of one key are one run to the ledger. Everything after -- is as for
dbt-runcache run. Nothing is run, and no ledger is needed; only --data sources
starts dbt, to ask for the freshness of the sources.

What is not known stands first, with what to do about it: without every part
there is no key. Of files the digests are shown, of everything else the values,
secrets as ***.

Options:
  --all                 Show every file of the parts that are made of files;
                        else one line for each top-level folder.
  --format <format>     text (default) or json, which always has everything.
  --dbt <dbt>           Which dbt, as for dbt-runcache run.
  --run-cache <mode>    As for dbt-runcache run: inherit (default) or disabled.
  --timeout <duration>  How long dbt may take with --data sources.
  --redact-env <name>   Never show the value of this environment variable.
                        Repeatable.
  --config <file>       Read this configuration file instead of searching one.
  --no-config           Read no configuration file.
  -h, --help            Show this help.
  All options of dbt-runcache run about the ledger are taken. --idempotency-key,
  --data, --data-version, --key-env and --key-ignore may change the key, the
  others never do. --dedup-store only keeps a ledger that lies in the project's
  folder from being an input.

Exit codes:
  0    there is a key
  1    there is none: a part is not known, or the command has no key
  2    it could not be worked out: the command line, the configuration, the
       project or dbt is wrong
`;
