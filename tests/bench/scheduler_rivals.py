"""Runs the scheduler's work as jobs of pgqueuer and procrastinate, each with its best settings."""

import asyncio
import logging
import time
from typing import Any

import asyncpg
import procrastinate
import psycopg
from pgqueuer import AsyncpgDriver, PgQueuer, Queries
from pgqueuer.models import Job
from pgqueuer.types import QueueExecutionMode
from service_runtime.settings import DatabaseSettings

from tests.bench.scheduler_database import administrator

BODY = '{"message": "Water the plants on the balcony", "url": "https://example.org/plants/1"}'
CONCURRENCY = 50  # jobs that procrastinate works on at once
DEFAULT_BATCH, LARGE_BATCH = 10, 500  # jobs that pgqueuer takes at once


class Pgqueuer:
    """Measures pgqueuer with the driver that its documentation recommends."""

    share = 0.25

    def __init__(self, settings: DatabaseSettings, batch: int) -> None:
        self.name = f"pgqueuer, batches of {batch}"
        self._settings, self._batch = settings, batch

    @classmethod
    def install(cls, settings: DatabaseSettings) -> None:
        asyncio.run(cls(settings, DEFAULT_BATCH)._install())

    def measure(self, count: int) -> float:
        """Return the jobs per second."""
        return asyncio.run(self._measure(count))

    async def _install(self) -> None:
        connection = await self._connect()
        await Queries(AsyncpgDriver(connection)).install()
        await connection.close()

    async def _measure(self, count: int) -> float:
        connection = await self._connect()
        queue = PgQueuer(AsyncpgDriver(connection))
        published: list[bytes | None] = []

        async def publish(job: Job) -> None:
            published.append(job.payload)

        queue.entrypoint("publish")(publish)
        await connection.execute("truncate pgqueuer, pgqueuer_log")
        await Queries(AsyncpgDriver(connection)).enqueue(
            ["publish"] * count, [BODY.encode()] * count, [0] * count
        )
        await connection.execute("vacuum analyze pgqueuer")
        began = time.perf_counter()
        await queue.run(batch_size=self._batch, mode=QueueExecutionMode.drain)
        elapsed = time.perf_counter() - began
        assert len(published) == count
        return count / elapsed

    async def _connect(self) -> Any:
        with administrator(self._settings) as connection:
            info = connection.info
            return await asyncpg.connect(
                host=info.host,
                port=info.port,
                user=info.user,
                password=info.password,
                database=info.dbname,
                ssl=False,
            )


class Procrastinate:
    """Measures procrastinate with its asynchronous worker."""

    name, share = "procrastinate", 0.02

    def __init__(self, settings: DatabaseSettings) -> None:
        logging.getLogger("procrastinate").setLevel(logging.ERROR)
        with administrator(settings) as connection:
            info = connection.info
            self._info = psycopg.conninfo.make_conninfo(info.dsn, password=info.password)
        with procrastinate.App(
            connector=procrastinate.SyncPsycopgConnector(conninfo=self._info)
        ).open() as app:
            app.schema_manager.apply_schema()

    def measure(self, count: int) -> float:
        return asyncio.run(self._measure(count))

    async def _measure(self, count: int) -> float:
        app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=self._info))
        published: list[str] = []

        async def publish(body: str) -> None:
            published.append(body)

        task = app.task(name="publish")(publish)
        with psycopg.connect(self._info, autocommit=True) as connection:
            connection.execute("truncate procrastinate_jobs cascade")
        async with app.open_async():
            await task.batch_defer_async(*({"body": BODY} for _ in range(count)))
            with psycopg.connect(self._info, autocommit=True) as connection:
                connection.execute("vacuum analyze procrastinate_jobs")
            began = time.perf_counter()
            await app.run_worker_async(
                concurrency=CONCURRENCY,
                wait=False,
                listen_notify=False,
                delete_jobs="always",
                install_signal_handlers=False,
            )
            elapsed = time.perf_counter() - began
        assert len(published) == count
        return count / elapsed
