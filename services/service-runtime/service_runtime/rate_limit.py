"""Limits the requests of each user with a token bucket that all replicas share."""

import math
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field
from pydantic_settings import BaseSettings
from sqlalchemy import Engine, text

from service_runtime.identity import AnyCaller, Caller
from service_runtime.problems import COMMON_PROBLEMS, Problem, problem_responses

# Unlogged: after a crash of the server, all buckets are full.
TABLE = """
create unlogged table rate_limits (
    user_id text primary key,
    tokens double precision not null,
    taken boolean not null,
    at timestamptz not null
)
"""
TAKE = text("""
insert into rate_limits as bucket (user_id, tokens, taken, at)
values (:user_id, :burst - 1, true, clock_timestamp())
on conflict (user_id) do update set (tokens, taken, at) = (
    select refilled - (refilled >= 1)::int, refilled >= 1, moment
    from (select clock_timestamp() as moment) clock, lateral (
        select least(
            :burst, bucket.tokens + extract(epoch from moment - bucket.at) * :per_second
        )::float8 as refilled
    ) since
)
returning tokens, taken
""")
CHARGE = text("update rate_limits set tokens = tokens - :cost where user_id = :user_id")
FORGET = text("""
delete from rate_limits where at < now() - :full * interval '1 second' and tokens >= 0
""")


@dataclass(frozen=True)
class Allowance:
    """Describes the remaining requests of a user; `wait` is 0 or the seconds to wait."""

    limit: int
    remaining: int
    reset: float  # seconds until the bucket is full
    wait: float = 0

    @property
    def headers(self) -> dict[str, str]:
        headers = {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(math.ceil(self.reset)),
        }
        return {**headers, "Retry-After": str(math.ceil(self.wait))} if self.wait else headers


@dataclass(frozen=True)
class Rate:
    """Sets the size of a bucket, `burst`, and how many requests it regains `per_second`."""

    per_second: float
    burst: int

    @property
    def full_after(self) -> float:
        """Return the seconds after which an unused bucket is full."""
        return self.burst / self.per_second

    def allowance(self, tokens: float, taken: bool) -> Allowance:
        wait = 0.0 if taken else (1 - tokens) / self.per_second
        return Allowance(self.burst, int(tokens), (self.burst - tokens) / self.per_second, wait)


class RateLimitSettings(BaseSettings):
    rate_limit_per_second: Annotated[float, Field(gt=0)] = 50  # requests that a bucket regains
    rate_limit_burst: Annotated[int, Field(ge=1)] = 500

    def rate(self) -> Rate:
        return Rate(self.rate_limit_per_second, self.rate_limit_burst)


class PostgresBuckets:
    """Stores buckets in PostgreSQL, with one statement per request and the server's clock.

    The limit protects requests to the same database, so its outage ends both with status 503.
    """

    def __init__(self, engine: Engine, rate: Rate) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._rate = rate

    def take(self, user_id: str) -> Allowance:
        values = {
            "user_id": user_id,
            "burst": self._rate.burst,
            "per_second": self._rate.per_second,
        }
        with self._engine.connect() as connection:
            tokens, taken = connection.execute(TAKE, values).one()
        return self._rate.allowance(tokens, taken)

    def charge(self, user_id: str, cost: int) -> None:
        """Take more tokens for a request, if necessary below zero; its user then waits longer."""
        if cost > 0:
            with self._engine.connect() as connection:
                connection.execute(CHARGE, {"user_id": user_id, "cost": cost})

    def forget(self) -> int:
        """Delete the full buckets and return their number."""
        with self._engine.connect() as connection:
            return connection.execute(FORGET, {"full": self._rate.full_after}).rowcount


class TooManyRequests(Problem):
    def __init__(self, **options: Any) -> None:
        detail = "The user sends too many requests; wait for the seconds of Retry-After."
        super().__init__(429, "TOO_MANY_REQUESTS", detail, **options)


def limit_rate(request: Request, response: Response, caller: AnyCaller) -> None:
    """Reject a request if the user's bucket is empty, and add the allowance to the response."""
    response.headers.update(take(request, caller.user_id).headers)


def take(request: Request, bucket: str) -> Allowance:
    """Take a token from a bucket; raise TooManyRequests when it is empty."""
    allowance: Allowance = request.app.state.buckets.take(bucket)
    if allowance.wait:
        raise TooManyRequests(headers=allowance.headers)
    return allowance


def charge(request: Request, caller: Caller, cost: int) -> None:
    """Take `cost` more tokens for a request that creates many items."""
    request.app.state.buckets.charge(caller.user_id, cost)


def limited_router(tag: str, prefix: str = "") -> APIRouter:
    """Return a router whose operations require a caller and limit the caller's requests."""
    return APIRouter(
        prefix=prefix,
        tags=[tag],
        dependencies=[Depends(limit_rate)],
        responses=COMMON_PROBLEMS | problem_responses(401, 429),
    )
