"""Lists the generated pages."""

from collections.abc import Callable, Mapping

from docs.generator.command_line import commands_page, make_page
from docs.generator.components import components_page
from docs.generator.configuration import configuration_page, foundation_page, settings_page
from docs.generator.http_api import http_api_page
from docs.generator.messages import events_page, outputs_page
from docs.generator.monitoring import alarms_page, metrics_page
from docs.generator.picture import architecture_page, readme
from stacks.config.project import ROOT

DIRECTORY = ROOT / "docs" / "reference"
PAGES: Mapping[str, Callable[[], str]] = {
    "../../README.md": readme,
    "../concepts/architecture.md": architecture_page,
    "alarms.md": alarms_page,
    "commands.md": commands_page,
    "components.md": components_page,
    "configuration.md": configuration_page,
    "events.md": events_page,
    "foundation-configuration.md": foundation_page,
    "http-api.md": http_api_page,
    "make.md": make_page,
    "metrics.md": metrics_page,
    "outputs.md": outputs_page,
    "service-settings.md": settings_page,
}
