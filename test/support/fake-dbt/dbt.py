"""A stand-in for dbt that does what the steps in steps.json say, for races, signals and odd output."""

import base64
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from datetime import datetime, timezone

HOME = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
INVOCATION_ID = str(uuid.uuid4())
EVENTS = os.environ.get("DBT_RUNCACHE_EVENTS_FILE")


def now():
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def filled(value):
    """Strings that only this process knows, put into what the test wrote."""
    if isinstance(value, str):
        return value.replace("$INVOCATION_ID", INVOCATION_ID).replace("$NOW", now())
    if isinstance(value, list):
        return [filled(item) for item in value]
    if isinstance(value, dict):
        return {key: filled(item) for key, item in value.items()}
    return value


def log_event(event):
    if EVENTS is None:
        return
    info = {
        "name": event["name"],
        "code": event.get("code", ""),
        "level": event.get("level", "info"),
        "msg": event.get("msg", ""),
        "ts": now(),
        "invocation_id": INVOCATION_ID,
    }
    with open(EVENTS, "a", encoding="utf-8") as out:
        out.write(json.dumps({"info": info, "data": filled(event.get("data", {}))}) + "\n")


def write(path, content):
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(path, "w", encoding="utf-8") as out:
        out.write(content)


def wait_for(path):
    while not os.path.exists(path):
        # The test is over: nobody will let it go on.
        if not os.path.exists(HOME):
            sys.exit(1)
        time.sleep(0.01)


def set_signal(name, what):
    number = getattr(signal, name)
    if what == "ignore":
        signal.signal(number, signal.SIG_IGN)
    else:
        signal.signal(number, lambda *_: run(what))


def run(steps):
    for step in steps:
        ((kind, value),) = step.items()
        if kind == "print":
            sys.stdout.write(filled(value))
            sys.stdout.flush()
        elif kind == "print_error":
            sys.stderr.write(filled(value))
            sys.stderr.flush()
        elif kind == "print_bytes":
            sys.stdout.buffer.write(base64.b64decode(value))
            sys.stdout.flush()
        elif kind == "print_filler":
            for _ in range(value["mebibytes"]):
                sys.stdout.buffer.write(b"x" * (1 << 20))
            sys.stdout.flush()
        elif kind == "event":
            log_event(value)
        elif kind == "write":
            write(value["path"], json.dumps(filled(value["json"])) if "json" in value else value["text"])
        elif kind == "mark":
            write(os.path.join(HOME, value), str(os.getpid()))
        elif kind == "wait_for":
            wait_for(os.path.join(HOME, value))
        elif kind == "on_signal":
            set_signal(value["signal"], value["do"])
        elif kind == "start_child":
            child = subprocess.Popen([sys.executable, "-c", "import time\nwhile True: time.sleep(60)"])
            write(os.path.join(HOME, value), str(child.pid))
        elif kind == "hang":
            while True:
                time.sleep(60)
        elif kind == "die_of":
            if value != "SIGKILL":
                signal.signal(getattr(signal, value), signal.SIG_DFL)
            os.kill(os.getpid(), getattr(signal, value))
        elif kind == "exit":
            os._exit(value)
        else:
            raise SystemExit(f"no such step: {kind}")


write(os.path.join(HOME, "seen.json"), json.dumps({"args": sys.argv[1:], "env": dict(os.environ), "cwd": os.getcwd()}))
with open(os.path.join(HOME, "steps.json"), encoding="utf-8") as source:
    run(json.load(source))
