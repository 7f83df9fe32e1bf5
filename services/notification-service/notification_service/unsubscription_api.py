"""Links of e-mails: a page with a button, and what the button or a mail program posts."""

import html
from typing import Annotated

from fastapi import APIRouter, Query
from service_runtime.other_methods import refuse_other_methods
from service_runtime.problems import problem_responses
from starlette.responses import HTMLResponse

from notification_service.unsubscription import LONGEST_TOKEN, Unsubscription

PATH = "/unsubscribe"
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
QUESTION = """
<p>Do you want to get no more e-mails from us?</p>
<form method="post" action="?token={token}"><button>Unsubscribe</button></form>
"""
DONE = """
<p>You will get no more e-mails from us. In your preferences you can change that at any time.</p>
"""

Token = Annotated[str, Query(min_length=1, max_length=LONGEST_TOKEN, description="of the e-mail")]


def unsubscription_routes(unsubscription: Unsubscription) -> APIRouter:
    routes = APIRouter(tags=["unsubscription"], default_response_class=HTMLResponse)

    @routes.get(PATH)
    def ask(token: Token) -> HTMLResponse:
        """A page that asks; programs that follow every link of an e-mail change nothing."""
        unsubscription.user_of(token)
        return page("Unsubscribe", QUESTION.format(token=html.escape(token)))

    @routes.post(PATH, responses=problem_responses(422))
    def unsubscribe(token: Token) -> HTMLResponse:
        """Send no more e-mails to the user of the link (RFC 8058); a repeat changes nothing."""
        unsubscription.unsubscribe(token)
        return page("Unsubscribed", DONE)

    refuse_other_methods(routes, PATH, "GET", "POST")
    return routes


def page(title: str, content: str) -> HTMLResponse:
    text = (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{title}</title>\n<h1>{title}</h1>\n{content.strip()}\n</html>\n"
    )
    return HTMLResponse(text, headers=HEADERS)
