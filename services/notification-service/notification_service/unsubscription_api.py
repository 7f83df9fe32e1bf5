"""Serves the links of e-mails that unsubscribe.

A link shows a page with a button. The button, or the request of a mail program, unsubscribes.
"""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from service_runtime.problems import COMMON_PROBLEMS, problem_responses
from service_runtime.rate_limit import take
from starlette.responses import HTMLResponse

from notification_service.errors import UnknownToken
from notification_service.unsubscription import LONGEST_TOKEN, Unsubscription
from notification_service.unsubscription_page import UnsubscriptionPages, accepted_languages

PATH = "/unsubscribe"
BUCKET = "\x1funsubscribe "  # before a user's id, which has no control characters

Token = Annotated[
    str,
    Query(min_length=1, max_length=LONGEST_TOKEN, description="Token of the link in the e-mail."),
]

UNUSABLE_LINK = problem_responses(422)
UNUSABLE_LINK[422]["content"]["text/html"] = {"schema": {"type": "string"}}


def link_route(pages: UnsubscriptionPages) -> type[APIRoute]:
    class LinkRoute(APIRoute):
        """Answers an unusable link with a page to browsers, and with a problem to others."""

        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def handle_link(request: Request) -> Response:
                try:
                    return await handle(request)
                except (UnknownToken, RequestValidationError):
                    if "text/html" not in request.headers.get("accept", ""):
                        raise
                    languages = request.headers.get("accept-language", "")
                    return pages.unusable_link(accepted_languages(languages))

            return handle_link

    return LinkRoute


def unsubscription_routes(unsubscription: Unsubscription) -> APIRouter:
    pages = UnsubscriptionPages()
    routes = APIRouter(
        tags=["unsubscription"],
        responses=COMMON_PROBLEMS,
        default_response_class=HTMLResponse,
        route_class=link_route(pages),
    )

    @routes.get(PATH, summary="Show the unsubscribe page", responses=UNUSABLE_LINK)
    def ask(token: Token) -> HTMLResponse:
        """Show a page with a button.

        The request changes nothing, because mail scanners follow links.
        """
        user_id = unsubscription.user_of(token)
        return pages.question([unsubscription.locale_of(user_id)], token)

    @routes.post(PATH, summary="Unsubscribe", responses={**UNUSABLE_LINK, **problem_responses(429)})
    def unsubscribe(token: Token, request: Request) -> HTMLResponse:
        """Unsubscribe the user of the link from e-mails (RFC 8058).

        The links of each user have a separate rate limit.
        """
        user_id = unsubscription.user_of(token)
        take(request, BUCKET + user_id)
        unsubscription.unsubscribe(user_id)
        return pages.done([unsubscription.locale_of(user_id)])

    return routes
