export const DIAGNOSE_HELP = `Check that dbt and dbt State (Run Cache) are set up to work together, and show
the line that mends what is not.

Usage:
  dbt-runcache diagnose [options] [-- <dbt options>]

Give after -- the options your runs have, without a command, e.g.
dbt-runcache diagnose -- --target prod --profiles-dir ci. dbt itself is started
twice, to see that it works without dbt State and that dbt State can log in. It
builds nothing then, uploads nothing, and writes nothing to your project's
folders; only DuckDB makes a database file that is not there yet, empty, when it
is asked something. Of your options these starts get --project-dir,
--profiles-dir, --profile, --target, --vars, --threads and --manage-state.

Options:
  --dbt <dbt>           Which dbt, as for dbt-runcache run.
  --no-probe            Do not start dbt: look at files and variables alone.
  --timeout <duration>  How long one start of dbt may take, e.g. 90s, 5m.
                        Default: 2m.
  --redact-env <name>   Never show the value of this environment variable.
                        Repeatable.
  --config <file>       Read this configuration file instead of searching one.
  --no-config           Read no configuration file.
  --format <format>     text (default) or json. The schema is exported by the
                        package as dbt-runcache/schemas/diagnosis.json.
  -h, --help            Show this help.

Exit codes:
  0    no check failed; there may be warnings, and checks that could not be done
  1    a check failed
  2    it could not be done: the command line or the configuration is wrong
  130  stopped by SIGINT (Ctrl-C), after dbt was stopped
  143  stopped by SIGTERM, likewise; 129 by SIGHUP, when the terminal closes
`;
