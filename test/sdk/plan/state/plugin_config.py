"""Reads settings with the State plugin's own code. A case a line on stdin, its answer a line on stdout."""

import dataclasses
import enum
import json
import os
import pathlib
import sys
import tempfile
import types

import dbt_state
from dbt_state import config as plugin

CLEAN = dict(os.environ)


def answer(case, folder):
    os.environ.clear()
    os.environ.update(CLEAN)
    os.environ.update(case["env"])
    (folder / "profiles.yml").write_text(json.dumps({"shop": {"outputs": {"dev": case["target"]}}}))
    cloud = folder / "dbt_cloud.yml"
    cloud.unlink(missing_ok=True)
    if case["cloudFile"] is not None:
        cloud.write_text(json.dumps(case["cloudFile"]))
    plugin.DBT_CLOUD_YML_PATH = cloud
    runtime = types.SimpleNamespace(
        args=types.SimpleNamespace(profiles_dir=str(folder)),
        profile_name="shop",
        target_name="dev",
        flags=case["projectFlags"],
        dbt_cloud=case["dbtCloud"],
    )
    told = {
        "disabled": dbt_state._is_state_disabled(),
        "variables": {name: plugin.get_env(name, "(default)") for name in case["variables"]},
    }
    try:
        read = plugin.RunCacheConfig.from_runtime_config(runtime)
    except Exception as error:
        return {**told, "error": str(error)}
    tokens = [[token.host, token.token] for token in read.dbt_platform_tokens]
    fields = {
        field.name: plain(getattr(read, field.name))
        for field in dataclasses.fields(read)
        if field.name != "dbt_platform_tokens"
    }
    return {**told, "fields": fields, "tokens": tokens}


def plain(value):
    return value.value if isinstance(value, enum.Enum) else value


def seconds(text):
    try:
        return plugin._parse_time(text)
    except Exception:
        return None


with tempfile.TemporaryDirectory() as name:
    for line in sys.stdin:
        case = json.loads(line)
        told = seconds(case["duration"]) if "duration" in case else answer(case, pathlib.Path(name))
        print(json.dumps(told), flush=True)
