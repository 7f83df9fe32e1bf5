"""Translates the engine's gRPC calls into calls of `ResourcePlugin`."""

from collections.abc import Callable
from functools import wraps
from importlib.metadata import version
from typing import Any, TypeVar

import grpc
from google.protobuf.any_pb2 import Any as Detail
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from plugins.errors import ProviderError, RefusedByService, UnservedFunction
from plugins.naming import Mode, Proposal
from plugins.plugin import Changes, CreatedIncompletely, Package, ResourcePlugin
from plugins.validation import Problem
from plugins.values import decode, encode

Reply = TypeVar("Reply")
_REPLACING = {"add": "ADD_REPLACE", "delete": "DELETE_REPLACE", "update": "UPDATE_REPLACE"}
_MODES: tuple[Mode, ...] = ("propose", "enforce", "disable")


def _report_errors(call: Callable[[Any, Any, Any], Reply]) -> Callable[[Any, Any, Any], Reply]:
    """Answer a `ProviderError` with its message instead of a stack trace."""

    @wraps(call)
    def reported(self: "ProviderServicer", request: Any, context: grpc.ServicerContext) -> Reply:
        try:
            return call(self, request, context)
        except CreatedIncompletely as error:
            sentence = _sentence(request, error)
            details = _incomplete(error, sentence)
            context.set_trailing_metadata((("grpc-status-details-bin", details),))
            context.abort(grpc.StatusCode.UNKNOWN, sentence)
        except ProviderError as error:
            context.abort(grpc.StatusCode.UNKNOWN, _sentence(request, error))
        raise AssertionError("abort always raises")

    return reported


class ProviderServicer(provider_pb2_grpc.ResourceProviderServicer):
    """Serves one package to the engine; calls can run in parallel."""

    def __init__(self, package: Package) -> None:
        self._package = package
        self._plugin = ResourcePlugin(package)

    def Handshake(self, request: Any, context: Any) -> provider_pb2.ProviderHandshakeResponse:
        return provider_pb2.ProviderHandshakeResponse(
            accept_secrets=True, supports_autonaming_configuration=True
        )

    def GetPluginInfo(self, request: Any, context: Any) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=version(self._package.sdk))

    def GetSchema(self, request: Any, context: Any) -> provider_pb2.GetSchemaResponse:
        return provider_pb2.GetSchemaResponse(schema="{}")

    def Attach(self, request: Any, context: Any) -> Empty:
        return Empty()

    def Cancel(self, request: Any, context: Any) -> Empty:
        """Let running calls finish, so that no created resource is lost."""
        return Empty()

    @_report_errors
    def CheckConfig(self, request: Any, context: Any) -> provider_pb2.CheckResponse:
        settings, _ = decode(request.news)
        return provider_pb2.CheckResponse(
            inputs=request.news, failures=_failures(self._package.setting_problems(settings))
        )

    def DiffConfig(self, request: Any, context: Any) -> provider_pb2.DiffResponse:
        olds, _ = decode(request.olds)
        news, _ = decode(request.news)
        changed = [name for name in sorted({*olds, *news}) if olds.get(name) != news.get(name)]
        kind = provider_pb2.DiffResponse
        return kind(changes=kind.DIFF_SOME if changed else kind.DIFF_NONE, diffs=changed)

    @_report_errors
    def Configure(self, request: Any, context: Any) -> provider_pb2.ConfigureResponse:
        settings, _ = decode(request.args)
        self._package.configure(settings)
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, supports_autonaming_configuration=True
        )

    @_report_errors
    def Invoke(self, request: Any, context: Any) -> provider_pb2.InvokeResponse:
        if request.tok not in self._package.functions:
            raise UnservedFunction(request.tok, sorted(self._package.functions))
        arguments, _ = decode(request.args)
        result = self._package.functions[request.tok](arguments)
        return provider_pb2.InvokeResponse(**{"return": encode(result)})

    @_report_errors
    def Check(self, request: Any, context: Any) -> provider_pb2.CheckResponse:
        olds, _ = decode(request.olds)
        news, secrets = decode(request.news)
        proposal = Proposal()
        if request.HasField("autonaming"):
            asked = request.autonaming
            proposal = Proposal(mode=_MODES[asked.mode], name=asked.proposed_name)
        inputs, problems = self._plugin.check(
            _token(request), _name(request), olds, news, request.randomSeed, proposal
        )
        secrets |= self._plugin.secret_inputs(_token(request))
        return provider_pb2.CheckResponse(
            inputs=encode(inputs, secrets), failures=_failures(problems)
        )

    @_report_errors
    def Diff(self, request: Any, context: Any) -> provider_pb2.DiffResponse:
        olds, _ = decode(request.olds)
        news, _ = decode(request.news)
        return _diff(self._plugin.diff(_token(request), olds, news, list(request.ignoreChanges)))

    @_report_errors
    def Create(self, request: Any, context: Any) -> provider_pb2.CreateResponse:
        inputs, secrets = decode(request.properties)
        secrets |= self._plugin.secrets(_token(request))
        try:
            resource_id, state = self._plugin.create(_token(request), inputs, request.preview)
        except CreatedIncompletely as error:
            error.secrets = secrets
            raise
        return provider_pb2.CreateResponse(id=resource_id, properties=encode(state, secrets))

    @_report_errors
    def Read(self, request: Any, context: Any) -> provider_pb2.ReadResponse:
        inputs, input_secrets = decode(request.inputs)
        state, state_secrets = decode(request.properties)
        found = self._plugin.read(_token(request), request.id, inputs, state)
        if found is None:
            return provider_pb2.ReadResponse(id="")
        secrets = input_secrets | state_secrets | self._plugin.secrets(_token(request))
        return provider_pb2.ReadResponse(
            id=request.id,
            inputs=encode(found[0], secrets),
            properties=encode(found[1], secrets),
        )

    @_report_errors
    def Update(self, request: Any, context: Any) -> provider_pb2.UpdateResponse:
        olds, old_secrets = decode(request.olds)
        news, new_secrets = decode(request.news)
        ignored = list(request.ignoreChanges)
        state = self._plugin.update(
            _token(request), request.id, olds, news, request.preview, ignored
        )
        secrets = old_secrets | new_secrets | self._plugin.secrets(_token(request))
        return provider_pb2.UpdateResponse(properties=encode(state, secrets))

    @_report_errors
    def Delete(self, request: Any, context: Any) -> Empty:
        state, _ = decode(request.properties)
        self._plugin.delete(_token(request), request.id, state)
        return Empty()


def _token(request: Any) -> str:
    return str(request.type or request.urn.split("::")[2].rsplit("$", 1)[-1])


def _name(request: Any) -> str:
    return str(request.name or request.urn.split("::", 3)[3])


def _failures(problems: list[Problem]) -> list[provider_pb2.CheckFailure]:
    return [provider_pb2.CheckFailure(property=p.property, reason=p.reason) for p in problems]


def _diff(changes: Changes) -> provider_pb2.DiffResponse:
    kinds = provider_pb2.PropertyDiff.Kind
    detailed = {}
    for path, kind in changes.paths.items():
        replaces = path.split(".")[0].split("[")[0] in changes.replaces
        name = _REPLACING[kind] if replaces else kind.upper()
        detailed[path] = provider_pb2.PropertyDiff(kind=kinds.Value(name))
    reply = provider_pb2.DiffResponse
    return reply(
        changes=reply.DIFF_SOME if changes.paths else reply.DIFF_NONE,
        diffs=sorted(changes.properties),
        replaces=sorted(changes.replaces),
        deleteBeforeReplace=changes.delete_first,
        detailedDiff=detailed,
        hasDetailedDiff=True,
    )


def _sentence(request: Any, error: ProviderError) -> str:
    """Return the message; for errors of the service, add type and name of the resource."""
    if isinstance(error, RefusedByService | CreatedIncompletely) and getattr(request, "urn", None):
        return f"{_token(request)} {_name(request)!r}: {error}"
    return str(error)


def _incomplete(error: CreatedIncompletely, sentence: str) -> bytes:
    failed = provider_pb2.ErrorResourceInitFailed(
        id=error.resource_id,
        properties=encode(error.state, error.secrets),
        reasons=[sentence],
    )
    detail = Detail()
    detail.Pack(failed)
    status = status_pb2.Status(
        code=grpc.StatusCode.UNKNOWN.value[0], message=sentence, details=[detail]
    )
    return bytes(status.SerializeToString())
