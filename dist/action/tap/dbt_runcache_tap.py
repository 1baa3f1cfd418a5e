"""Copies chosen structured events of a dbt Core 1.x run into a file, for dbt-runcache to read.

dbt imports every module named ``dbt_*`` that it finds, before it parses the project. This one, put on PYTHONPATH,
adds a callback to dbt's event manager. It prints nothing, changes no setting and is not a dbt plugin. Whatever goes
wrong in here ends the copying, never the run.

The file takes one JSON object a line, in the shape of ``dbt --log-format json``.
"""

import json
import os
import sys
import threading

_FILE = "DBT_RUNCACHE_EVENTS_FILE"
# Debug events that are read; of info and above everything but blank lines is.
_DEBUG_EVENTS = frozenset(
    (
        "NodeStart",
        "NodeFinished",
        "MarkSkippedChildren",
        "CommandCompleted",
        "MainStackTrace",
        "MainReportVersion",
        # Whether dbt took what it had parsed before. That it did not is an event of info, but for a file it cannot read.
        "PartialParsingEnabled",
        "PartialParsingNotEnabled",
        "ParsedFileLoadFailed",
    )
)
_STATE_NAMES = frozenset(("State", "RunCache"))
_LEVELS = frozenset(("info", "warn", "error"))


def _wanted(msg):
    name = msg.info.name
    if name == "Formatting":
        return False
    if name == "MarkSkippedChildren" and msg.data.status == "skipped":
        # A skipped node passes on what another one began; only the beginning says why.
        return False
    if msg.info.level in _LEVELS or name in _DEBUG_EVENTS:
        return True
    return name == "AdapterEventDebug" and msg.data.name in _STATE_NAMES


def _selection():
    """The nodes of the task that is logging right now. dbt logs only how many there are."""
    frame = sys._getframe(1)
    while frame is not None:
        task = frame.f_locals.get("self")
        nodes = getattr(task, "_flattened_nodes", None)
        if nodes is not None:
            # Ephemeral models are part of the list and never run. `dbt build` keeps unit tests apart.
            nodes = [node for node in nodes if not getattr(node, "is_ephemeral_model", False)]
            apart = getattr(task, "selected_unit_tests", ())
            return [_named(node) for node in nodes + [task.manifest.unit_tests[id] for id in apart]]
        frame = frame.f_back
    return None


def _named(node):
    return {
        "unique_id": node.unique_id,
        "name": node.name,
        "resource_type": str(getattr(node.resource_type, "value", node.resource_type)),
    }


def _start(path):
    from dbt_common.events.event_manager_client import add_callback_to_manager
    from google.protobuf.json_format import MessageToDict

    # "x": a dbt started by this dbt (a hook, a Python model) must not write into the outer run's file.
    out = open(path, "x", encoding="utf-8", buffering=1)
    lock = threading.Lock()
    state = {"on": True}

    def write(event):
        with lock:
            out.write(json.dumps(event, separators=(",", ":"), default=str) + "\n")

    def callback(msg):
        if not state["on"]:
            return
        try:
            if not _wanted(msg):
                return
            # Not dbt's msg_to_dict: that one logs a warning where a message cannot be converted.
            event = MessageToDict(
                msg, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
            )
            write(event)
            if msg.info.name == "ConcurrencyLine":
                nodes = _selection()
                if nodes is not None:
                    info = dict(event["info"], name="RuncacheSelection", code="", level="debug", msg="")
                    write({"info": info, "data": {"nodes": nodes}})
        except OSError:
            state["on"] = False
        except Exception:
            # One event that cannot be copied is no reason to miss the others.
            pass

    add_callback_to_manager(callback)


def _hide_from_children(path):
    """Processes that dbt starts see the environment as it was."""
    os.environ.pop(_FILE, None)
    here = os.path.dirname(os.path.abspath(__file__))
    # An empty entry means the working folder to Python: it stays.
    rest = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if here in rest:
        rest.remove(here)
    if rest:
        os.environ["PYTHONPATH"] = os.pathsep.join(rest)
    else:
        os.environ.pop("PYTHONPATH", None)


try:
    _path = os.environ.get(_FILE)
    if _path:
        _start(_path)
        _hide_from_children(_path)
except Exception:
    pass
