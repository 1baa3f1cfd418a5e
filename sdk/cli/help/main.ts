export const MAIN_HELP = `dbt-runcache: run dbt and show what it built, reused and skipped, and why

Usage:
  dbt-runcache run [options] -- <dbt arguments>
  dbt-runcache explain [options]
  dbt-runcache diagnose [options] [-- <dbt options>]
  dbt-runcache key [options] -- <dbt arguments>
  dbt-runcache ledger list|show|release|sweep [options]
  dbt-runcache --version

Commands:
  run        Run dbt, e.g. dbt-runcache run -- build --select orders+
  explain    Show the report of the last run
  diagnose   Check that dbt and dbt State are set up to work together
  key        Show the key a run has in the ledger, and what it is made of
  ledger     Show and clear what the ledger holds of earlier runs

See dbt-runcache <command> --help for the options of a command.
`;
