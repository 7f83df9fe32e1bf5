"""Marks short inline code as a hook of MkDocs, so that `theme.css` keeps it on one line."""

import re

SHORT = re.compile(r"<code>(?=[^<\n]{1,30}</code>)")  # fits beside a list marker on a phone


def on_page_content(html: str, **_: object) -> str:
    return SHORT.sub('<code class="short">', html)
