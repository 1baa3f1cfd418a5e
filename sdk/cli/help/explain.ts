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
