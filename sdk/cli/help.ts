export const MAIN_HELP = `dbt-runcache: run dbt and show what it built, reused and skipped, and why

Usage:
  dbt-runcache run [options] -- <dbt arguments>
  dbt-runcache explain [options]
  dbt-runcache diagnose [options] [-- <dbt options>]
  dbt-runcache --version

Commands:
  run        Run dbt, e.g. dbt-runcache run -- build --select orders+
  explain    Show the report of the last run
  diagnose   Check that dbt and dbt State are set up to work together

See dbt-runcache <command> --help for the options of a command.
`;

export const RUN_HELP = `Run dbt and report what it did with every node.

Usage:
  dbt-runcache run [options] -- <dbt arguments>

Everything after -- goes to dbt as it is, dbt's own flags such as
--project-dir, --target and --select included. The project is found from the
current folder upward unless they say otherwise.

Options:
  --dbt <dbt>           Which dbt: the path of an executable or of a virtual
                        environment, or a command to put before dbt's
                        arguments, e.g. "uv run dbt". Default: dbt on PATH.
  --run-cache <mode>    What decides about dbt State: inherit (default), your
                        own settings and nothing added, or disabled, switched
                        off for this run.
  --require-run-cache   Fail when dbt State was not active, unless the command
                        never asks it. --no-require-run-cache takes that back
                        when it is set elsewhere.
  --timeout <duration>  Stop dbt when this is over, e.g. 90s, 45m, 1h30m. A
                        number needs its unit. Default: no limit.
  --label <name=value>  Carried into every event and the report. Repeatable.
  --redact-env <name>   Never show the value of this environment variable.
                        Repeatable. Values of DBT_ENV_SECRET_* variables are
                        kept out of the report without being asked to.
  --on-target-busy <what>
                        What to do while another run uses the same target
                        folder: fail (default) or wait.
  --log-format <format> text (default) or json, see below.
  --explain-cache       Print a line to stderr as each node ends: whether it was
                        built, reused or cloned, and why, as far as can be told
                        by then. The JSON log has this without being asked.
  --summary <file>      Write the report as markdown to this file, replacing
                        what it held.
  --no-report           Do not write the report and the decision log beside
                        dbt's artifacts; dbt-runcache explain will not find
                        this run then.
  --config <file>       Read this configuration file instead of searching one.
  --no-config           Read no configuration file.
  -h, --help            Show this help.

Configuration:
  What is not given here is taken from the environment (DBT_RUNCACHE_TIMEOUT and
  so on), then from the nearest dbt-runcache.yml in the current folder or above,
  up to the repository's root. Labels are joined by name, and names to redact
  are added. Its JSON Schema is dbt-runcache/schemas/config.json.

Output:
  stdout is dbt's own. With --log-format text, stderr holds dbt's stderr and,
  after the run, a short report; none after a command that ran no nodes and did
  not fail, such as ls, deps or --help.
  With --log-format json, stderr holds nothing but one JSON object a line:
  what happens, as it happens, and what became of every node. What dbt itself
  writes to stderr comes as events named dbt_stderr. The schema is exported by
  the package as dbt-runcache/schemas/log-event.json.
  The decision log, dbt_runcache_decisions.jsonl in the target folder, holds one
  JSON object a line: the run, what became of every node with the evidence for
  it, and how the run ended. Its schema is exported by the package as
  dbt-runcache/schemas/decision-log.json.

Exit codes:
  0    dbt did the run and no node failed
  1    dbt did the run and some nodes failed
  2    the run could not be done, timed out, or the command line or the
       configuration is wrong
  130  stopped by SIGINT (Ctrl-C), after dbt was stopped and the report made
  143  stopped by SIGTERM, likewise; 129 by SIGHUP, when the terminal closes
`;

export const EXPLAIN_HELP = `Show the report of the last run: what dbt did with every node, and why.

Usage:
  dbt-runcache explain [options]

The report lies in the target folder of the dbt project that is found from the
current folder upward. Commands that run no nodes, such as ls, parse and deps,
leave the report of the run before. Nothing is run and no network is used.

Options:
  --report <path>       Read this report, or the one in this target folder.
  --project-dir <folder>
                        Look for the project from this folder upward instead.
  --format <format>     text (default), json or markdown.
  -h, --help            Show this help.

Exit codes:
  0    the report was shown, whatever the run's outcome
  2    there is no report, it cannot be read, or the command line is wrong
`;

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
