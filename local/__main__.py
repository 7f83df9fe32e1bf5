"""`python -m local up|down|status|logs|urls|token|clean`: the local environment at hand."""

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor

from local import images, leftovers, preparation
from local.environment import PROJECT, Environment
from local.provisioning import Provisioning
from local.supervisor import Process, Supervisor, SupervisorError
from local.token_issuer import TokenIssuer, UnusableKey

PROGRAMS = ("containerd", "runc", "iptables", "docker-registry", "mmdebstrap", "setpriv", "ip")
LEAST_DISK = 6  # GiB for images, builds and databases


def check_machine(environment: Environment) -> None:
    """Refuse a machine that can't run the environment, in one sentence, before anything starts."""
    if os.geteuid() != 0:
        raise SupervisorError("root is needed to run containers; run `make up` as root")
    if missing := [name for name in PROGRAMS if not shutil.which(name)]:
        raise SupervisorError(f"{', '.join(missing)} not found; `make packages` installs them")
    if not environment.postgres_bin.exists():
        raise SupervisorError("no PostgreSQL server under /usr/lib/postgresql; run `make packages`")
    free = shutil.disk_usage(PROJECT).free / 2**30
    if free < LEAST_DISK:
        raise SupervisorError(f"{free:.1f} GiB of disk are free here, {LEAST_DISK} are needed")


def check_ports(environment: Environment) -> None:
    """Refuse to start beside whatever holds our ports, naming it."""
    holders: dict[str, list[int]] = {}
    for port in leftovers.taken_ports(environment).values():
        holders.setdefault(leftovers.holder(port), []).append(port)
    if holders:
        lines = [f"{', '.join(map(str, ports))}: {holder}" for holder, ports in holders.items()]
        listed = "\n  ".join(lines)
        raise SupervisorError(
            "ports that the local environment needs are in use; end their holders or choose"
            f" others in local/ports.env and Pulumi.local.yaml:\n  {listed}"
        )


def start(environment: Environment, supervisor: Supervisor) -> None:
    began = time.monotonic()
    leftovers.sweep(environment)
    check_ports(environment)
    preparation.prepare(environment)
    supervisor.start()
    awaited, pushed = set(images.PROCESSES), list[Future[None]]()

    def told(process: Process) -> None:
        say(f"{process.name} is healthy after {time.monotonic() - began:.1f} s")
        awaited.discard(process.name)
        if not awaited and not pushed:
            pushed.append(beside.submit(images.provide, environment, say))

    with ThreadPoolExecutor(1) as beside:
        supervisor.wait(told)
    for push in pushed:
        push.result()


def say(text: str) -> None:
    print(f"  {text}", flush=True)


def up(environment: Environment) -> None:
    supervisor, began = Supervisor(environment), time.monotonic()
    if not supervisor.is_running():
        check_machine(environment)
        print("Starting the local environment", flush=True)
        for kind, own in (
            ("cluster", environment.own_kubeconfig),
            ("builder", environment.own_builder),
        ):
            if own:
                say(f"{kind}: using yours, {own}")
        start(environment, supervisor)
    else:
        supervisor.wait(lambda process: None)
        images.provide(environment, say)
    preparation.renew(environment)
    print("Provisioning the platform", flush=True)
    provisioning = Provisioning(environment)
    if provisioning.up(supervisor.instance("aws")):
        from local import first_delivery

        first_delivery.wait_for_services(environment.shell())
        late = first_delivery.deliver(environment, provisioning.outputs()["event_topic_arn"])
        print(f"\nA reminder was delivered {late:.2f} s after it was due.")
    print(welcome(environment, time.monotonic() - began))


def welcome(environment: Environment, took: float) -> str:
    urls = environment.shell()
    user = "-H 'x-authenticated-userid: you' -H 'x-consumer-username: you@example.com'"
    json = "-H 'content-type: application/json'"
    date = "$(date -u -d '+70 seconds' +%FT%TZ)"
    reminder = f'{{\\"date\\": \\"{date}\\", \\"message\\": \\"Water the plants\\"}}'
    return f"""
The platform is up ({took:.1f} s).
  Reminder API   {urls["REMINDERS_URL"]}/docs
  Device API     {urls["DEVICES_URL"]}/docs
  Inbox          {urls["INBOX_URL"]}
  Shell          eval "$(make -s urls)"

Register a device, then create a reminder that is due in 70 seconds:
  curl -sS {urls["DEVICES_URL"]}/device/register {user} {json} -d '{{"fcmToken": "valid-phone"}}'
  curl -sS {urls["REMINDERS_URL"]}/reminders {user} {json} -d "{reminder}"
"""


def down(environment: Environment) -> None:
    leftovers.end(list(leftovers.engine_processes(environment.state)))
    supervisor = Supervisor(environment)
    if supervisor.is_running():  # or else the containers may be another checkout's
        end_containers(environment)
        supervisor.stop()
    leftovers.sweep(environment)
    print("The local environment is down.")


def end_containers(environment: Environment) -> None:
    """Containers outlive containerd, so they are ended while it still runs and can clean up."""
    leftovers.end(list(leftovers.container_processes()), grace=0)


def status(environment: Environment) -> None:
    rows = Supervisor(environment).processes()
    if not rows:
        print("The local environment is not running; `make up` starts it.")
        return
    print(f"{'process':20}{'status':12}{'health':10}{'restarts':>8}{'memory':>12}{'age':>10}")
    for row in rows:
        health, memory = "healthy" if row.healthy else "sick", f"{row.memory / 2**20:.0f} MiB"
        print(
            f"{row.name:20}{row.status:12}{health:10}{row.restarts:>8}{memory:>12}{row.age:>8.0f} s"
        )
    print(f"{'':20}{'':12}{'':10}{'':>8}{sum(r.memory for r in rows) / 2**20:>8.0f} MiB")


def logs(environment: Environment) -> None:
    files = sorted(map(str, (environment.state / "logs").glob("*.log")))
    subprocess.run(["tail", "-n", "20", "-F", *files], check=False)


def urls(environment: Environment) -> None:
    """`NAME=value` a line, for programs; the last line exports them, for `eval` in a shell."""
    shell = environment.shell()
    for name, value in shell.items():
        print(f"{name}={shlex.quote(value)}")
    print(f"HERALD_ENVIRONMENT=local; export HERALD_ENVIRONMENT {' '.join(shell)}")


def clean(environment: Environment) -> None:
    down(environment)
    shutil.rmtree(environment.state, ignore_errors=True)


def token(environment: Environment, user: str, email: str | None) -> None:
    """One that the services take where `herald:identity` names the local issuer."""
    issuer = TokenIssuer.read(environment.issuer, environment.secret("issuer-key.pem"))
    print(issuer.token(user, email))


COMMANDS = {"up": up, "down": down, "status": status, "logs": logs, "urls": urls, "clean": clean}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in COMMANDS:
        commands.add_parser(name)
    minting = commands.add_parser("token")
    minting.add_argument("--user", required=True)
    minting.add_argument("--email", help="the user's address; without it no e-mail is sent")
    arguments = parser.parse_args()
    if arguments.command == "token" and not arguments.user:
        parser.error("expected a user, came none; say `make token USER=ada`")
    environment = Environment.chosen()
    try:
        if arguments.command == "token":
            token(environment, arguments.user, arguments.email)
        else:
            COMMANDS[arguments.command](environment)
    except (SupervisorError, UnusableKey, OSError) as error:
        sys.exit(f"local: {error}")
    except KeyboardInterrupt:
        sys.exit(
            "local: interrupted; `make up` goes on from here, `make down` removes what started"
        )


if __name__ == "__main__":
    main()
