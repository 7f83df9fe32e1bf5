"""Renders e-mail templates as SES does."""

import json
from collections.abc import Mapping
from typing import Any

from moto.ses.exceptions import (
    InvalidRenderingParameterException,
    MissingRenderingAttributeException,
    TemplateDoesNotExist,
)
from moto.ses.models import SESBackend
from moto.ses.template import parse_template

LARGEST_DATA = 262_144  # characters of JSON


class NotRendered(Exception):
    """Reports a missing variable of a template."""


def stored_template(backend: SESBackend, name: str) -> Mapping[str, str]:
    if name not in backend.templates:
        raise TemplateDoesNotExist(f"Template {name} does not exist")
    return backend.templates[name]


def template_data(text: str) -> dict[str, Any]:
    if len(text) > LARGEST_DATA:
        raise InvalidRenderingParameterException("Template rendering data is too large")
    try:
        data = json.loads(text)
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise InvalidRenderingParameterException("Template rendering data is invalid")
    return {name: format_value(value) for name, value in data.items()}


def format_value(value: Any) -> Any:
    """Return a number in its JSON form, and other values unchanged."""
    return json.dumps(value) if isinstance(value, int | float) else value


def render(template: Mapping[str, str], data: dict[str, Any]) -> dict[str, Any]:
    """Return subject, text and HTML; like SES, do not escape the values."""
    try:
        return {
            "subject": parse_template(template["subject_part"], data),
            "text": parse_template(template.get("text_part") or "", data),
            "html": parse_template(template.get("html_part") or "", data) or None,
        }
    except MissingRenderingAttributeException as error:
        raise NotRendered(error.message) from error
