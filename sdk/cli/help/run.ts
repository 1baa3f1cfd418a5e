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

The ledger:
  With --dedup-store, identical runs share one result: the first one runs dbt,
  the others take what it made. Without it, every run runs dbt.

  --dedup-store <address>
                        Where the ledger lives: file:<folder>,
                        redis:<variable that holds the URL>, redis://host:6379,
                        s3://<bucket>/<prefix>?region=<region>,
                        gs://<bucket>/<prefix>, git-ref:<owner>/<name> or
                        memory:. No passwords.
                        none: no ledger, whatever is set elsewhere; other runs
                        do not hear of what this one writes.
  --idempotency-key <key>
                        Names this run: runs of one key are one run. At most 512
                        characters, no secrets, not with retry. Default: derived
                        from every input of the run; see dbt-runcache key
                        --help.
  --data <what>         What the data in the warehouse is, for a derived key:
                        sources, as fresh as dbt reports them (starts dbt), or
                        ignore, it does not matter.
  --data-version <text> A version of your own for that data, e.g. the id of the
                        last load, or its date, no secrets. Excludes --data;
                        without either no key is derived.
  --key-env <name>      This environment variable changes what dbt does; *
                        stands for any characters. Repeatable. Those of
                        env_var() are found without it.
  --key-ignore <path>   dbt does not read this file or folder, on your word, so
                        it makes no run look different: relative to the
                        project's folder, or absolute. Repeatable. That of
                        --summary is ignored without it.
  --durable-target      What a run leaves in the warehouse certainly is there
                        later, and only runs of this ledger write it.
                        --no-durable-target takes that back.
  --dedup-on <what>     What is replayed: success (default), so that a failed
                        run frees its key, or any, failed runs as failed ones.
  --on-in-flight <what> While an identical run is in flight: wait (default) for
                        its result; fail; run anyway; or skip, end at once with
                        exit code 0 and no result: unsafe for a required check.
  --in-flight-wait <duration>
                        Longest wait for it, then fail. Default: 1h.
  --on-unavailable <what>
                        When the ledger does not answer: run (default) without
                        it, with a warning, or fail.
  --on-mismatch <what>  When an --idempotency-key was used with other inputs:
                        fail (default), or run and take the key over.
  --retention <duration>
                        How long a record is kept, e.g. 90d. Default: 30d.
  --lease <duration>    How long a run in flight may be silent before another
                        takes over; if it lives all the same, two dbt may write
                        at once. Default: 2m; of git-ref: 24h.
  --restore-compiled    Keep compiled SQL and bring it back as well.

The production state:
  A successful run of production leaves its state in a store: its manifest, and
  how its nodes ended. A later run with --slim builds what differs from it and
  what stands below, and takes the rest from production (dbt's --state, --defer
  and state:modified+).

  --slim <mode>         true: build what differs from production's state and
                        what stands below, within --select and --exclude.
                        strict: also what dbt's comparison overlooks. false
                        (default): build what was selected.
  --publish-state <when>
                        Leave the state of a successful run for later ones:
                        auto, after a build of the whole project or a slim one
                        in a CI job on the default branch; always, on your word
                        that it is what production has; or never. Default: auto
                        with --state or --slim, else never.
  --state <what>        managed: fetch the state that fits and give it to dbt,
                        for a selection of your own, e.g. -- build --select
                        state:new. off: neither fetch nor leave one, whatever
                        is set elsewhere. dbt's own --state goes after --.
  --state-store <address>
                        Where states and the parse cache are kept, as of
                        --dedup-store, which is the default.
  --state-environment <name>
                        What the states are of, e.g. staging: letters, digits,
                        dots, dashes and underscores. Default: production.
  --on-missing-state <what>
                        Where no state fits: build-all (default), the run as it
                        was given, or fail.
  --max-state-age <duration>
                        Take no older state, e.g. 7d. Default: any age.
  --state-retention <duration>
                        How long a state is kept. Default: 90d.
  --fresher-sources     Slim builds also build what stands below sources with
                        newer data. Runs dbt source freshness first.
  --parse-cache         Keep what dbt Core has parsed for machines that begin
                        without it, in the same store. --no-parse-cache takes
                        that back.
  --deps <when>         Run dbt deps first: auto, unless what is installed
                        certainly is what the lock file says, or never
                        (default).

Configuration:
  What is not given here is taken from the environment (DBT_RUNCACHE_TIMEOUT and
  so on), then from the nearest dbt-runcache.yml in the current folder or above,
  up to the repository's root. Labels are joined by name; names to redact, and
  those of --key-env and --key-ignore, are added up. Its JSON Schema is exported
  by the package as dbt-runcache/schemas/config.json.

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
  0    dbt did the run and no node failed; or an earlier run that did was taken
       from the ledger; or an identical run is in flight (--on-in-flight skip)
  1    dbt did the run and some nodes failed; or an earlier run of which some
       failed was taken from the ledger (--dedup-on any)
  2    the run could not be done, timed out, or the command line or the
       configuration is wrong; with a ledger also: a given key was used with
       other inputs, an identical run is in flight (--on-in-flight fail, or the
       wait is over), or the ledger does not answer (--on-unavailable fail);
       or no state of production fits (--on-missing-state fail)
  130  stopped by SIGINT (Ctrl-C), after dbt was stopped and the report made
  143  stopped by SIGTERM, likewise; 129 by SIGHUP, when the terminal closes
`;
