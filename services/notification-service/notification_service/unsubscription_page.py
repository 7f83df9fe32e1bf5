"""The pages of an unsubscribe link. They run no script and need no other file."""

import html
from base64 import b64encode
from hashlib import sha256

from starlette.responses import HTMLResponse

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
<html lang="en">
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
QUESTION = """<p>Do you want to stop all e-mails from us? Push notifications continue.</p>
<form method="post" action="?token={token}"><button>Unsubscribe</button></form>"""
DONE = """<p>You will receive no more e-mails from us. Push notifications continue.</p>
<p>You can turn e-mails on again in your preferences.</p>"""
UNUSABLE = """<p>The link is incomplete, or was not made by us. Nothing was changed.</p>
<p>Open the e-mail again and use its whole link.</p>"""


def question_page(token: str) -> HTMLResponse:
    return page("Unsubscribe", QUESTION.format(token=html.escape(token)))


def done_page() -> HTMLResponse:
    return page("You are unsubscribed", DONE)


def unusable_link_page() -> HTMLResponse:
    return page("This link does not work", UNUSABLE, 422)


def page(title: str, content: str, status: int = 200) -> HTMLResponse:
    unbroken = content.replace("e-mail", "e&#8209;mail")  # a narrow line would end after "e-"
    text = FRAME.format(title=title, style=STYLE, content=unbroken)
    return HTMLResponse(text, status, HEADERS)
