"""Kills of every service, stops of the database, outages and unreliable calls, all at once.

`make soak` runs it with 100,000 reminders; its figures are those of the command's options.
"""

import random
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.faults.observation import Stores, rest, verdict_of
from tests.faults.platform import SERVICES, Databases
from tests.faults.promises import USERS, Promises
from tests.faults.soak import Services, Soak, world_at
from tests.postgresql import PostgresServer

pytestmark = pytest.mark.integration

PER_USER = 200  # reminders, so that nobody reaches the budget of a day
TOGETHER, REQUESTS = 10, 8  # reminders of one request, and requests at once
PAUSE = (0.5, 2.5)  # seconds between two kills
PATIENCE = 60.0  # seconds to come to rest, and more for many reminders
PER_SECOND = 10  # reminders that a slow machine brings to rest


def test_soak_loses_and_repeats_nothing(
    seed: int,
    soak: Soak,
    databases: Databases,
    stores: Stores,
    server: PostgresServer,
    tmp_path: Path,
) -> None:
    print(f"replay with --seed {seed}: {soak}")
    chance = random.Random(seed)
    users = max(USERS, soak.reminders // PER_USER)
    promises = Promises(stores.reminders, stores.devices, chance, users, TOGETHER, REQUESTS)
    with world_at(tmp_path, seed, soak.trouble / 100) as place:
        world, services = place.world(), Services(databases, place)
        accepted = []
        stops = Counter(chance.choices(range(soak.kills), k=soak.stops))
        for step in range(soak.kills):
            accepted += promises.make(share_of(soak.reminders, step, soak.kills))
            services.kill(chance.choice(SERVICES))
            for _ in range(stops[step]):
                server.stop_at_once()
                time.sleep(chance.uniform(*PAUSE))
                server.start()
            if step == soak.kills // 2:
                world.set_outage(True)
                time.sleep(soak.outage)
                world.set_outage(False)
            time.sleep(chance.uniform(*PAUSE))
            print(f"{step + 1} of {soak.kills} kills, {stores.busy} rows are not done", flush=True)
        world.calm()
        rest(stores, world.waiting, PATIENCE + soak.reminders / PER_SECOND)
        services.close()
        print(f"killed {dict(services.kills)}; {world.troubles()} calls went wrong")
        verdict = verdict_of(accepted, world.sent(), stores)
        assert verdict.faultless, verdict
        assert world.dead() == []
        assert world.delivered() == dict.fromkeys((one.effect for one in accepted), 1)
        assert (services.kills.total(), world.troubles() > soak.kills) == (soak.kills, True)


def share_of(whole: int, step: int, steps: int) -> int:
    return whole * (step + 1) // steps - whole * step // steps
