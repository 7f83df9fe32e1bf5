"""Manages Lambda functions from images, and the retries of asynchronous calls."""

from collections.abc import Collection, Mapping
from typing import Any

from plugins.aws.letter_case import capitalize, uncapitalize
from plugins.aws.resource import AwsResource, change_tags, tag_outputs
from plugins.resource import AutoName
from plugins.values import Properties

_IMAGE_PARTS = {
    "commands": "Command",
    "entryPoints": "EntryPoint",
    "workingDirectory": "WorkingDirectory",
}


class LambdaResource(AwsResource):
    service = "lambda"
    served = frozenset[str]()
    missing = frozenset({"ResourceNotFoundException"})


class Function(LambdaResource):
    """Manages functions from images; the emulator does not run them."""

    settings = {
        "deadLetterConfig": "DeadLetterConfig",
        "description": "Description",
        "environment": "Environment",
        "ephemeralStorage": "EphemeralStorage",
        "imageConfig": "ImageConfig",
        "kmsKeyArn": "KMSKeyArn",
        "loggingConfig": "LoggingConfig",
        "memorySize": "MemorySize",
        "role": "Role",
        "timeout": "Timeout",
        "tracingConfig": "TracingConfig",
        "vpcConfig": "VpcConfig",
    }
    served = frozenset(
        {*settings, "architectures", "imageUri", "name", "packageType", "publish"}
        | {"reservedConcurrentExecutions", "tags"}
    )
    replaced_by = frozenset({"name", "packageType"})
    defaults = {
        "memorySize": 128,
        "packageType": "Zip",
        "publish": False,
        "reservedConcurrentExecutions": -1,
        "timeout": 3,
    }
    computed = frozenset({"architectures", "ephemeralStorage", "loggingConfig", "tracingConfig"})
    # moto reports none of these settings.
    unreadable = frozenset({"deadLetterConfig", "loggingConfig", "publish"})
    forms = {
        "ephemeralStorage": "partial",
        "loggingConfig": "partial",
        "tracingConfig": "partial",
        "vpcConfig": "partial",
    }
    auto_name = AutoName(maximum=64)

    def problems(self, inputs: Properties) -> list[tuple[str, str]]:
        if inputs["packageType"] == "Image" and "imageUri" in inputs:
            return []
        reason = "the local provider supports only functions from images; set packageType to "
        return [("packageType", f'aws:lambda/function:Function: {reason}"Image", and imageUri')]

    def create(self, inputs: Properties) -> str:
        request = {"Architectures": inputs["architectures"]} if inputs.get("architectures") else {}
        answer = self.call(
            "create_function",
            FunctionName=inputs["name"],
            PackageType=inputs["packageType"],
            Code={"ImageUri": inputs["imageUri"]},
            Publish=inputs["publish"],
            Tags=inputs.get("tags", {}),
            **request,
            **self._parameters(inputs, self.settings),
        )
        return str(answer["FunctionName"])

    def complete(self, resource_id: str, inputs: Properties) -> None:
        if inputs["reservedConcurrentExecutions"] >= 0:
            self._reserve(resource_id, inputs["reservedConcurrentExecutions"])

    def find_outputs(self, resource_id: str, state: Properties) -> Properties | None:
        answer = self.find("get_function", FunctionName=resource_id)
        if answer is None:
            return None
        concurrency = answer.get("Concurrency", {})
        return {
            **self._outputs(answer["Configuration"]),
            "imageUri": answer["Code"]["ImageUri"],
            "reservedConcurrentExecutions": concurrency.get("ReservedConcurrentExecutions", -1),
            **tag_outputs(answer.get("Tags", {})),
        }

    def update(
        self, resource_id: str, state: Properties, inputs: Properties, changed: Collection[str]
    ) -> None:
        name, arn = resource_id, state["arn"]
        settings = self._parameters(inputs, [each for each in self.settings if each in changed])
        if settings:
            self.call("update_function_configuration", FunctionName=name, **settings)
        if {"architectures", "imageUri"} & {*changed}:
            chosen = {"Architectures": inputs["architectures"]} if "architectures" in inputs else {}
            image = inputs["imageUri"]
            self.call("update_function_code", FunctionName=name, ImageUri=image, **chosen)
        if "reservedConcurrentExecutions" in changed:
            self._reserve(name, inputs["reservedConcurrentExecutions"])
        change_tags(
            state,
            inputs,
            lambda tags: self.call("tag_resource", Resource=arn, Tags=tags),
            lambda keys: self.call("untag_resource", Resource=arn, TagKeys=keys),
        )

    def delete(self, resource_id: str, state: Properties) -> None:
        self.find("delete_function", FunctionName=resource_id)

    def _reserve(self, name: str, executions: int) -> None:
        if executions >= 0:
            operation = "put_function_concurrency"
            self.call(operation, FunctionName=name, ReservedConcurrentExecutions=executions)
        else:
            self.call("delete_function_concurrency", FunctionName=name)

    def _parameters(self, inputs: Properties, names: Collection[str]) -> dict[str, Any]:
        """Return the API's parameters; in updates, an omitted setting becomes an empty value."""
        request = {}
        for name in names:
            value = inputs.get(name)
            if name == "environment":
                value = value and {"Variables": value.get("variables", {})}
            elif name == "imageConfig":
                value = value and {_IMAGE_PARTS[part]: text for part, text in value.items()}
            else:
                value = capitalize(value)
            if value is not None:
                request[self.settings[name]] = value
            elif names is not self.settings:
                request[self.settings[name]] = "" if name in ("description", "kmsKeyArn") else {}
        return request

    def _outputs(self, function: Mapping[str, Any]) -> Properties:
        arn = function["FunctionArn"]
        path = "functions/{}/invocations"
        gateway = f"arn:aws:apigateway:{self.region}:lambda:path/2015-03-31/{path.format(arn)}"
        variables = function.get("Environment", {}).get("Variables")
        return {
            **{
                name: uncapitalize(function.get(parameter)) or None
                for name, parameter in self.settings.items()
                if name not in ("environment", "imageConfig")
            },
            "architectures": function.get("Architectures"),
            "arn": arn,
            "codeSha256": function.get("CodeSha256"),
            "environment": {"variables": variables} if variables else None,
            "imageConfig": _image(function.get("ImageConfigResponse", {}).get("ImageConfig", {})),
            "invokeArn": gateway,
            "lastModified": function.get("LastModified"),
            "name": function["FunctionName"],
            "packageType": function["PackageType"],
            "qualifiedArn": f"{arn}:{function.get('Version', '$LATEST')}",
            "qualifiedInvokeArn": gateway,
            "sourceCodeSize": function.get("CodeSize"),
            "version": function.get("Version", "$LATEST"),
        }


class FunctionEventInvokeConfig(LambdaResource):
    """Manages retries and age limits; destinations and qualifiers are not supported."""

    served = frozenset({"functionName", "maximumEventAgeInSeconds", "maximumRetryAttempts"})
    replaced_by = frozenset({"functionName"})
    defaults = {"maximumRetryAttempts": 2}

    def create(self, inputs: Properties) -> str:
        self._put(inputs)
        return str(inputs["functionName"])

    def find_outputs(self, resource_id: str, state: Properties) -> Properties | None:
        answer = self.find("get_function_event_invoke_config", FunctionName=resource_id)
        if answer is None:
            return None
        return {
            "functionName": resource_id,
            "maximumEventAgeInSeconds": answer.get("MaximumEventAgeInSeconds"),
            "maximumRetryAttempts": answer.get("MaximumRetryAttempts", 2),
        }

    def update(
        self, resource_id: str, state: Properties, inputs: Properties, changed: Collection[str]
    ) -> None:
        self._put(inputs)

    def delete(self, resource_id: str, state: Properties) -> None:
        self.find("delete_function_event_invoke_config", FunctionName=resource_id)

    def _put(self, inputs: Properties) -> None:
        request = {name: value for name, value in inputs.items() if name in self.served}
        request.pop("region", None)
        # The emulator reports the first configuration until it is deleted.
        name = inputs["functionName"]
        self.find("delete_function_event_invoke_config", FunctionName=name)
        self.call("put_function_event_invoke_config", **capitalize(request))


def _image(config: Mapping[str, Any]) -> Properties | None:
    parts = {name: config.get(part) for name, part in _IMAGE_PARTS.items()}
    return {name: value for name, value in parts.items() if value} or None
