"""Writes the pages of an unsubscribe link, without scripts and other files.

The texts are in `templates/words`, beside those of e-mails.
"""

import html
import re
from base64 import b64encode
from hashlib import sha256
from typing import Any

from babel import Locale, negotiate_locale
from starlette.responses import HTMLResponse

from notification_service.templates import environment_of, load_words
from notification_service.texts import FALLBACK

STYLE = """
:root { color-scheme: light dark; font: 1.125rem/1.5 system-ui, sans-serif; }
body { margin: 0; background: light-dark(#f4f4f7, #121217); color: light-dark(#1c1c24, #ececf2); }
main { max-width: 32rem; margin: 0 auto; padding: 12vh 1.25rem 2rem; overflow-wrap: anywhere; }
h1 { margin: 0 0 1rem; font-size: 1.75rem; line-height: 1.25; }
button { padding: 0.7rem 1.4rem; border: 0; border-radius: 0.6rem; background: #4f46e5; color: #fff;
  font: inherit; cursor: pointer; }
button:hover { background: #4338ca; }
button:focus-visible { outline: 3px solid currentcolor; outline-offset: 3px; }
"""
STYLE_HASH = b64encode(sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
FRAME = """<!doctype html>
<html lang="{language}" dir="{direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
{content}
</main>
</body>
</html>
"""
FORM = """<form method="post" action="?token={token}"><button>{button}</button></form>"""


class UnsubscriptionPages:
    """Writes the pages in the first of the preferred languages that has words."""

    def __init__(self) -> None:
        self._words = load_words(environment_of())

    def question(self, languages: list[str], token: str) -> HTMLResponse:
        language, words = self._choose(languages)
        button = html.escape(words.unsubscribe_button())
        form = FORM.format(token=html.escape(token), button=button)
        lines = [words.unsubscribe_question()]
        return page(language, words.unsubscribe_button(), lines, form)

    def done(self, languages: list[str]) -> HTMLResponse:
        language, words = self._choose(languages)
        lines = [words.unsubscribed(), words.unsubscribed_undo()]
        return page(language, words.unsubscribed_title(), lines)

    def unusable_link(self, languages: list[str]) -> HTMLResponse:
        language, words = self._choose(languages)
        lines = [words.unusable_link(), words.unusable_link_advice()]
        return page(language, words.unusable_link_title(), lines, status=422)

    def _choose(self, languages: list[str]) -> tuple[str, Any]:
        names = [language.replace("_", "-") for language in languages]
        language = negotiate_locale(names, self._words, sep="-") or FALLBACK
        return language, self._words[language]


def accepted_languages(header: str) -> list[str]:
    """Return the languages of an Accept-Language header, the preferred ones first."""
    ranges = [part.strip().partition(";q=") for part in header.split(",")]
    return [name.strip() for name, _, weight in sorted(ranges, key=weight_of, reverse=True)]


def weight_of(language: tuple[str, str, str]) -> float:
    try:
        return float(language[2] or 1)
    except ValueError:
        return 0


def page(
    language: str, title: str, lines: list[str], form: str = "", status: int = 200
) -> HTMLResponse:
    content = "\n".join(f"<p>{html.escape(line)}</p>" for line in lines)
    unbroken = re.sub(r"(?i)\b(e)-(?=mail)", r"\1&#8209;", content)  # keep "e-mail" on one line
    text = FRAME.format(
        language=language,
        direction=Locale.parse(language, sep="-").text_direction,
        title=html.escape(title),
        style=STYLE,
        content=f"{unbroken}\n{form}".rstrip(),
    )
    return HTMLResponse(text, status, HEADERS)
