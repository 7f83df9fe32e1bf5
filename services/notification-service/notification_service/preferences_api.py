"""Defines the HTTP API of preferences."""

from fastapi import APIRouter, Response
from service_runtime.identity import AnyCaller
from service_runtime.preconditions import IfMatch, etag, with_match
from service_runtime.problems import problem_responses
from service_runtime.rate_limit import limited_router

from notification_service.preference_bodies import PreferencesBody, PreferencesChange
from notification_service.preference_store import PostgresPreferences
from notification_service.preferences import Preferences

PATH = "/preferences"


def preference_routes(store: PostgresPreferences) -> APIRouter:
    routes = limited_router("preferences")

    @routes.get(PATH, summary="Read preferences")
    def read_preferences(caller: AnyCaller, response: Response) -> PreferencesBody:
        """Return the preferences of the caller; a new user has the defaults."""
        return answered(store.of(caller.user_id), response)

    @routes.put(PATH, summary="Replace preferences", responses=problem_responses(412))
    def replace_preferences(
        body: PreferencesBody, caller: AnyCaller, response: Response, if_match: IfMatch = None
    ) -> PreferencesBody:
        """Replace all preferences; `unsubscribed` changes only if the body names it."""
        make = with_match(if_match, body.replacing)
        return answered(store.change(caller.user_id, make), response)

    @routes.patch(PATH, summary="Change preferences", responses=problem_responses(412))
    def change_preferences(
        body: PreferencesChange, caller: AnyCaller, response: Response, if_match: IfMatch = None
    ) -> PreferencesBody:
        """Change the named preferences. All others stay as they are."""
        make = with_match(if_match, body.applied_to)
        return answered(store.change(caller.user_id, make), response)

    return routes


def answered(preferences: Preferences, response: Response) -> PreferencesBody:
    response.headers["ETag"] = etag(preferences.version)
    return PreferencesBody.of(preferences)
