"""Compares the folders of services with the calls of the program."""

from collections.abc import Collection, Mapping

from herald_infra.restricted_pod import Environment

from stacks.config.services import Service, ServiceError, read_services
from stacks.platform.platform_parts import PartError


def read_deployable() -> Mapping[str, Service]:
    try:
        return read_services()
    except ServiceError as error:
        raise PartError(str(error)) from None


def find_folder(name: str, folders: Mapping[str, Service]) -> Service:
    if name not in folders:
        known = ", ".join(folders) or "none"
        raise PartError(
            f"Expected a service in services/{name}, with __main__.py, a Dockerfile or "
            f"service.toml; the services are {known}."
        )
    return folders[name]


def expect_all_called(folders: Mapping[str, Service], called: Collection[str]) -> None:
    """Reject a folder that the program does not call."""
    if left := sorted(folders.keys() - set(called)):
        raise PartError(
            f"services/{left[0]} is not part of the program: add "
            f'cluster.service("{left[0]}", …) to stacks/platform/reminder_platform.py, '
            "or remove the folder."
        )


def expect_settings(service: Service, environment: Environment) -> None:
    """Reject a service without a required setting, which would stop its pods."""
    if missing := sorted(set(service.required_settings) - environment.names()):
        raise PartError(
            f"services/{service.name} requires {', '.join(missing)}, which the program does not "
            "set: add the part to `uses`, or the value to `settings`."
        )
