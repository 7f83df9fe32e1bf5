"""A token bucket per user, the same for all replicas of a service."""

import math
from dataclasses import dataclass
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field
from pydantic_settings import BaseSettings
from sqlalchemy import Engine, text

from service_runtime.identity import AnyCaller
from service_runtime.problems import Problem, problem_responses

# What a crash of the server forgets are full buckets, so it needs no log.
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
FORGET = text("delete from rate_limits where at < now() - :full * interval '1 second'")


@dataclass(frozen=True)
class Allowance:
    """What is left to a user after a request; `wait` in seconds when it was one too many."""

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
    """Each user has `burst` requests, given back at `per_second`."""

    per_second: float
    burst: int

    @property
    def full_after(self) -> float:
        """Seconds after which an untouched bucket is full, and as good as none."""
        return self.burst / self.per_second

    def allowance(self, tokens: float, taken: bool) -> Allowance:
        wait = 0.0 if taken else (1 - tokens) / self.per_second
        return Allowance(self.burst, int(tokens), (self.burst - tokens) / self.per_second, wait)


class RateLimitSettings(BaseSettings):
    rate_limit_per_second: Annotated[float, Field(gt=0)] = 50  # requests that a user gets back
    rate_limit_burst: Annotated[int, Field(ge=1)] = 500

    def rate(self) -> Rate:
        return Rate(self.rate_limit_per_second, self.rate_limit_burst)


class Buckets(Protocol):
    def take(self, user_id: str) -> Allowance: ...


class PostgresBuckets:
    """One statement a request, by the clock of the database, without a wait for its disk.

    When the database does not answer, neither does what the limit protects: the request is
    answered with 503 either way.
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

    def forget(self) -> int:
        """Remove the buckets that are full again; how many."""
        with self._engine.connect() as connection:
            return connection.execute(FORGET, {"full": self._rate.full_after}).rowcount


class TooManyRequests(Problem):
    def __init__(self, **options: Any) -> None:
        detail = "The user calls too often; wait as long as Retry-After says."
        super().__init__(429, "TOO_MANY_REQUESTS", detail, **options)


def limit_rate(request: Request, response: Response, caller: AnyCaller) -> None:
    """Refuse a request when its user's bucket is empty; tell every answer what is left."""
    allowance: Allowance = request.app.state.buckets.take(caller.user_id)
    if allowance.wait:
        raise TooManyRequests(headers=allowance.headers)
    response.headers.update(allowance.headers)


def limited_router(tag: str, prefix: str = "") -> APIRouter:
    """For operations of known callers, each of whom has a bucket."""
    return APIRouter(
        prefix=prefix,
        tags=[tag],
        dependencies=[Depends(limit_rate)],
        responses=problem_responses(401, 429),
    )
