"""Loads the templates `templates/KIND/LOCALE/CHANNEL.PART` once."""

import logging
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from babel import Locale
from event_messages.failures import describe
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

FOLDER = Path(__file__).parent / "templates"
PARTS: Mapping[str, tuple[str, ...]] = {
    "push": ("title", "body"),
    "email": ("subject", "text", "html"),
}


@describe.register
def _(error: TemplateError) -> str:  # the message contains names of a template, not their values
    return f"{type(error).__name__}: {error.message}"


logger = logging.getLogger(__name__)


class UnknownTemplate(LookupError):
    """Reports a missing template."""


class Templates:
    """Contains every template of a folder; one with errors is logged and counts as missing."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._environment = environment_of(folder)
        self._words = load_words(self._environment)
        self._compiled: dict[str, Template] = {}
        for name in self._environment.list_templates():
            if name.count("/") == 2:
                self._add(name)

    def kinds(self) -> dict[str, list[str]]:
        """Return the locales of each kind."""
        folders = sorted({tuple(name.split("/")[:2]) for name in self._compiled})
        kinds: dict[str, list[str]] = {}
        for kind, locale in folders:
            kinds.setdefault(kind, []).append(locale)
        return kinds

    def render(
        self, kind: str, locale: str, channel: str, values: Mapping[str, object]
    ) -> dict[str, str]:
        """Return the text of each part; errors of the template are not caught."""
        given = {**values, "words": self._words.get(locale), "language": locale}
        return {
            part: self._template(f"{kind}/{locale}/{channel}.{part}").render(given).strip()
            for part in PARTS[channel]
        }

    def _template(self, name: str) -> Template:
        if name not in self._compiled:
            raise UnknownTemplate(f"expected a template {name}; it is missing")
        return self._compiled[name]

    def _add(self, name: str) -> None:
        try:
            self._compiled[name] = self._environment.get_template(name)
        except TemplateError as error:
            log_failure(name, error)


def load_words(environment: Environment) -> dict[str, Any]:
    """Return the words of each language; templates call them as `words.when(item)`."""
    words: dict[str, Any] = {}
    for name in environment.list_templates(filter_func=lambda name: name.startswith("words/")):
        locale = name.removeprefix("words/")
        try:
            plural = partial(plural_of, Locale.parse(locale, sep="-"))
            words[locale] = environment.get_template(name).make_module({"plural": plural})
        except (TemplateError, ValueError) as error:
            log_failure(name, error)
    return words


def log_failure(name: str, error: Exception) -> None:
    extra = {"template": name, "reason": str(error)}
    logger.error("could not load a template", extra=extra)


def environment_of(folder: Path = FOLDER) -> Environment:
    """Return an environment in which templates see only their values; missing ones are errors."""
    return ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(folder),
        autoescape=lambda name: bool(name) and str(name).endswith(".html"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )


def plural_of(locale: Locale, number: int, **forms: str) -> str:
    """Return `plural(3, one="reminder", other="reminders")` by the rule of the language."""
    return forms.get(locale.plural_form(number), forms["other"])
