"""A dbt State service that answers as its script says, for the official plugin to talk to.

Run it with the Python of an environment that has the plugin (its message classes are used):

    python scripted_state_service.py --port 0 --script '{"default": {"answer": "skip"}}'

It prints one JSON line, {"port": N}, once it listens on 127.0.0.1 (plain HTTP/2, no TLS), and serves until it is
ended. `--script @file.json` reads the script from a file. Point dbt at it with RUN_CACHE_API_URL=127.0.0.1:N,
RUN_CACHE_API_SECURE=false and any RUN_CACHE_OAUTH_CLIENT_SECRET.

The script:
    client_supported   false makes the plugin refuse its own version; an error object makes the check itself fail
    default            the answer for what is not named (execute when absent)
    tests              the answer for data tests that are not named (the default when absent)
    nodes              answers by node name or unique id
    pre_clones         answers to the clone of an incremental model into a developer's schema, by name or id

An answer is an object or a list of them, one a call, the last for every further call:
    {"answer": "execute"}
    {"answer": "skip", "stale": true, "runtime_ms": 1230, "execution_results": {"failures": 0, ...}}
    {"answer": "clone", "source": "...", "target": "...", "clone_sqls": ["..."], "stale": false, "runtime_ms": 900}
    {"answer": "error", "code": "UNAVAILABLE", "message": "..."}
Any may carry "description": the text the plugin logs as the service's explanation.
"""

import argparse
import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import grpc
import query_cache_protobuf  # noqa: F401  (chooses the message classes that fit the installed protobuf)
from query_cache_protobuf.query_cache import shared_pb2, struct_pb2
from query_cache_protobuf.query_cache.services import (
    client_telemetry_service_pb2 as telemetry,
    client_telemetry_service_pb2_grpc as telemetry_grpc,
    client_validation_service_pb2 as validation,
    client_validation_service_pb2_grpc as validation_grpc,
    clone_service_pb2 as clone,
    clone_service_pb2_grpc as clone_grpc,
    execution_service_pb2 as execution,
    execution_service_pb2_grpc as execution_grpc,
    sql_service_pb2 as sql,
    sql_service_pb2_grpc as sql_grpc,
)

PASSED = {"failures": 0, "should_warn": False, "should_error": False}


class Script:
    """Finds the answer for a call; counts calls so that a list of answers is worked through."""

    def __init__(self, script):
        self.script = script
        self.calls = {}
        self.lock = threading.Lock()

    def next(self, section, labels, fallback):
        named = self.script.get(section, {})
        unique_id, name = labels.get("dbt_node_unique_id", ""), labels.get("dbt_node_name", "")
        answer = named.get(unique_id, named.get(name, fallback))
        if not isinstance(answer, list):
            return answer
        with self.lock:
            at = self.calls.get((section, unique_id or name), 0)
            self.calls[(section, unique_id or name)] = at + 1
        return answer[min(at, len(answer) - 1)]

    def for_node(self, labels, is_test):
        default = self.script.get("default", {"answer": "execute"})
        return self.next("nodes", labels, self.script.get("tests", default) if is_test else default)


def fail_if_asked(answer, context):
    if answer.get("answer") == "error":
        code = getattr(grpc.StatusCode, answer.get("code", "UNAVAILABLE"))
        context.abort(code, answer.get("message", "scripted error"))


def struct(values):
    out = struct_pb2.Struct()
    for key, value in values.items():
        if isinstance(value, bool):
            out.fields[key].bool_value = value
        elif isinstance(value, int):
            out.fields[key].int_value = value
        else:
            out.fields[key].string_value = str(value)
    return out


def explained(answer, decision):
    return shared_pb2.ExplainedDecision(
        decision=shared_pb2.SubmitSQLResultType.Value(decision),
        is_stale=answer.get("stale", False),
        decision_description=answer.get("description", ""),
    )


def ready_to_clone(answer):
    reply = clone.ReadyToCloneResponse(
        request_id=uuid4().hex,
        clone_sqls=answer.get("clone_sqls", []),
        clone_source=answer["source"],
        clone_target=answer["target"],
        explained_decision=explained(answer, "READY_TO_CLONE"),
        execution_runtime_ms=answer.get("runtime_ms", 0),
        execution_decision_id=f"dec-{uuid4().hex[:8]}",
    )
    if "required_last_modified_epoch" in answer:
        reply.clone_required_last_modified_epoch = answer["required_last_modified_epoch"]
    return reply


class Sql(sql_grpc.SQLServicer):
    def __init__(self, script):
        self.script = script

    def answer(self, request, context, is_test):
        answer = self.script.for_node(dict(request.labels), is_test)
        fail_if_asked(answer, context)
        if answer["answer"] == "skip":
            results = answer.get("execution_results", PASSED if is_test else None)
            return sql.SubmitSQLResponse(
                skip_execution=sql.SkipExecutionResponse(
                    explained_decision=explained(answer, "SKIP_EXECUTION"),
                    execution_results=None if results is None else struct(results),
                    execution_runtime_ms=answer.get("runtime_ms", 0),
                    execution_decision_id=f"dec-{uuid4().hex[:8]}",
                    execution_id=f"exec-{uuid4().hex[:8]}",
                )
            )
        if answer["answer"] == "clone":
            return sql.SubmitSQLResponse(ready_to_clone=ready_to_clone(answer))
        if answer["answer"] != "execute":
            context.abort(grpc.StatusCode.INTERNAL, f"script: unknown answer {answer['answer']!r}")
        return sql.SubmitSQLResponse(
            ready_to_execute=sql.ReadyToExecuteResponse(
                request_id=uuid4().hex,
                explained_decision=explained(answer, "READY_TO_EXECUTE"),
                execution_decision_id=f"dec-{uuid4().hex[:8]}",
            )
        )

    def SubmitEnrichedSQL(self, request, context):
        is_test = request.execution_type == shared_pb2.ModelExecutionType.Value("DBT_DATA_TEST")
        return self.answer(request, context, is_test)

    def SubmitValues(self, request, context):
        return self.answer(request, context, is_test=False)

    def SubmitEnrichedSQLSpeculative(self, request, context):
        return sql.SubmitSQLSpeculativeResponse(undecided=sql.UndecidedResponse())


class Clone(clone_grpc.CloneServicer):
    def __init__(self, script):
        self.script = script

    def RegisterClone(self, request, context):
        answer = self.script.next("pre_clones", dict(request.labels), None)
        if answer is None:
            return clone.CloneResponse(
                unable_to_clone=clone.UnableToCloneResponse(
                    clone_source=request.clone_source_table, clone_target=request.target_table
                )
            )
        fail_if_asked(answer, context)
        source, target = request.clone_source_table, request.target_table
        sqls = [line.format(source=source, target=target) for line in answer.get("clone_sqls", [])]
        return clone.CloneResponse(
            ready_to_clone=ready_to_clone({**answer, "source": source, "target": target, "clone_sqls": sqls})
        )


class Execution(execution_grpc.ExecutionServicer):
    def ConfirmExecution(self, request, context):
        return execution.ConfirmExecutionResponse(success=True, execution_id=f"exec-{uuid4().hex[:8]}")

    def RecordExecutions(self, request, context):
        return execution.RecordExecutionsResponse(records_stored=len(request.records))

    def ResolveDeferredRelations(self, request, context):
        return execution.ResolveDeferredRelationsResponse()

    def UpdateExecutionMetadata(self, request, context):
        return execution.UpdateExecutionMetadataResponse()


class Validation(validation_grpc.ClientValidationServicer):
    def __init__(self, supported):
        self.supported = supported

    def ValidateClientVersion(self, request, context):
        if isinstance(self.supported, dict):
            fail_if_asked(self.supported, context)
        return validation.ValidateClientVersionResponse(is_supported=bool(self.supported))


class Telemetry(telemetry_grpc.ClientTelemetryServicer):
    def SubmitTelemetryBatch(self, request, context):
        return telemetry.SubmitTelemetryBatchResponse(success=True)


def main():
    parser = argparse.ArgumentParser(description="Answers dbt State's plugin as a script says.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--script", default="{}", help="JSON, or @ and the path of a JSON file")
    options = parser.parse_args()
    text = options.script
    if text.startswith("@"):
        with open(text[1:], encoding="utf-8") as file:
            text = file.read()
    content = json.loads(text)
    script = Script(content)

    server = grpc.server(ThreadPoolExecutor(max_workers=8))
    sql_grpc.add_SQLServicer_to_server(Sql(script), server)
    clone_grpc.add_CloneServicer_to_server(Clone(script), server)
    execution_grpc.add_ExecutionServicer_to_server(Execution(), server)
    validation_grpc.add_ClientValidationServicer_to_server(
        Validation(content.get("client_supported", True)), server
    )
    telemetry_grpc.add_ClientTelemetryServicer_to_server(Telemetry(), server)
    port = server.add_insecure_port(f"127.0.0.1:{options.port}")
    if port == 0:
        sys.exit(f"port {options.port} is not free")
    server.start()
    print(json.dumps({"port": port}), flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main()
