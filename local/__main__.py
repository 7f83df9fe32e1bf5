"""Runs the local environment: `python -m local COMMAND`."""

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from local import images, monitoring, pod_roles, preparation
from local.environment import Environment
from local.errors import LocalError
from local.host import leftovers, privileges, requirements
from local.provisioning import Provisioning
from local.supervisor import Process, Supervisor
from local.token_issuer import TokenIssuer, UnusableKey


def start(environment: Environment, supervisor: Supervisor) -> dict[str, Process]:
    """Start every process and fill the registry; on a failure, leave nothing running."""
    root = environment.needs_root
    requirements.check(environment)
    privileges.perform("clear", environment, as_root=root)
    preparation.prepare(environment)
    try:
        privileges.perform("start", environment, as_root=root)
        return await_processes(environment, supervisor)
    except (LocalError, OSError):
        stop(environment)
        raise


def await_processes(environment: Environment, supervisor: Supervisor) -> dict[str, Process]:
    """Wait until every process is healthy; push images as soon as the registry can take them."""
    began = time.monotonic()
    awaited, pushed = set(images.PROCESSES), list[Future[None]]()

    def report(process: Process) -> None:
        say(f"{process.name} is healthy after {time.monotonic() - began:.1f} s")
        awaited.discard(process.name)
        if not awaited and not pushed:
            pushed.append(beside.submit(images.provide, environment, say))

    with ThreadPoolExecutor(1) as beside:
        processes = supervisor.wait(report)
    for push in pushed:
        push.result()
    return processes


def say(text: str) -> None:
    print(f"  {text}", flush=True)


def up(environment: Environment) -> None:
    supervisor, began = Supervisor(environment), time.monotonic()
    if not supervisor.is_running():
        print("Starting the local environment on this machine", flush=True)
        for kind, own in (
            ("cluster", environment.own_kubeconfig),
            ("builder", environment.own_builder),
        ):
            if own:
                say(f"{kind}: using yours, {own}")
        processes = start(environment, supervisor)
    else:
        processes = supervisor.wait(lambda process: None)
        images.provide(environment, say)
        if not environment.own_kubeconfig:
            monitoring.reload(environment, "PROMETHEUS_PORT")  # the checkout may have other rules
    preparation.renew(environment)
    pod_roles.prepare(environment, processes.get("apiserver"))
    resume_pods(environment)
    print("Provisioning the platform", flush=True)
    provisioning = Provisioning(environment)
    if provisioning.up(processes["aws"].run):
        from local import first_delivery

        outputs = provisioning.outputs()
        if not environment.own_kubeconfig:
            monitoring.set_alarm_topic(environment, outputs["alarm_topic_arn"])
        first_delivery.wait_for_services(environment.shell())
        late = first_delivery.deliver(environment, outputs["topics"]["event"])
        print(f"\nA reminder was delivered {late:.2f} s after it was due.")
    print(welcome(environment, time.monotonic() - began))


def resume_pods(environment: Environment) -> None:
    """Start the pods again that a killed `herald run` stopped."""
    if not any((environment.state / "paused").glob("*.json")):
        return
    command = [str(Path(sys.executable).with_name("herald")), "run", "--resume"]
    done = subprocess.run(command, env={**os.environ, **environment.shell()}, check=False)
    if done.returncode:
        raise LocalError(
            "pods that an earlier `herald run` stopped could not be started again; see above"
        )


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
  Alerts         {urls["PROMETHEUS_URL"]}/alerts
  Shell          make shell

In `make shell`, register a device, then create a reminder that is due in 70 seconds:
  curl -sS {urls["DEVICES_URL"]}/device/register {user} {json} -d '{{"fcmToken": "valid-phone"}}'
  curl -sS {urls["REMINDERS_URL"]}/reminders {user} {json} -d "{reminder}"
"""


def down(environment: Environment) -> None:
    if left := stop(environment):
        listed = "\n  ".join(left)
        raise LocalError(
            f"some parts could not be removed; run `make down` again to retry:\n  {listed}"
        )
    print("The local environment is down.")


def stop(environment: Environment) -> Sequence[str]:
    """Stop everything and return what remains on the machine."""
    return privileges.perform("stop", environment, as_root=leftovers.is_on_machine())


def inspect(environment: Environment) -> None:
    """List everything of this environment on the machine; fail if there is anything."""
    left = privileges.perform("inspect", environment, as_root=leftovers.is_on_machine())
    print("\n".join(left) or "Nothing of the local environment is on this machine.")
    if left:
        sys.exit(1)


def status(environment: Environment) -> None:
    rows = Supervisor(environment).processes()
    if not rows:
        print("The local environment is not running; `make up` starts it.")
        return
    print(f"{'process':20}{'status':12}{'health':10}{'restarts':>8}{'memory':>12}{'age':>10}")
    for row in rows:
        health, memory = "healthy" if row.healthy else "failing", f"{row.memory / 2**20:.0f} MiB"
        print(
            f"{row.name:20}{row.status:12}{health:10}{row.restarts:>8}{memory:>12}{row.age:>8.0f} s"
        )
    print(f"{'':20}{'':12}{'':10}{'':>8}{sum(r.memory for r in rows) / 2**20:>8.0f} MiB")


def logs(environment: Environment) -> None:
    files = sorted(map(str, (environment.state / "logs").glob("*.log")))
    subprocess.run(["tail", "-n", "20", "-F", *files], check=False)


def urls(environment: Environment) -> None:
    """Print `NAME=value` lines for programs; the last line exports them for `eval` in a shell."""
    shell = environment.shell()
    for name, value in shell.items():
        print(f"{name}={shlex.quote(value)}")
    print(f"HERALD_ENVIRONMENT=local; export HERALD_ENVIRONMENT {' '.join(shell)}")


def clean(environment: Environment) -> None:
    down(environment)
    folder = environment.machine_state
    if folder != environment.state and folder.exists():
        remove = privileges.command("rm", "-rf", "--one-file-system", str(folder))
        subprocess.run(remove, check=True)
        parent = privileges.command("rmdir", str(folder.parent))  # only if the folder is empty
        subprocess.run(parent, check=False, capture_output=True)
    shutil.rmtree(environment.state, ignore_errors=True)


def token(environment: Environment, user: str, email: str | None) -> None:
    """Print a token that services accept if `herald:identity` names the local issuer."""
    issuer = TokenIssuer.read(environment.issuer, environment.secret("issuer-key.pem"))
    print(issuer.token(user, email))


COMMANDS = {
    "up": up,
    "down": down,
    "inspect": inspect,
    "status": status,
    "logs": logs,
    "urls": urls,
    "clean": clean,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in COMMANDS:
        commands.add_parser(name)
    minting = commands.add_parser("token")
    minting.add_argument("--user", required=True, help="the user's id")
    minting.add_argument(
        "--email", help="the user's address; without it, Herald cannot send e-mails to the user"
    )
    arguments = parser.parse_args()
    if arguments.command == "token" and not arguments.user:
        parser.error("--user must not be empty; run for example `make token USER=ada`")
    try:
        environment = Environment.from_variables()
        if arguments.command == "token":
            token(environment, arguments.user, arguments.email)
        else:
            COMMANDS[arguments.command](environment)
    except (LocalError, UnusableKey, OSError) as error:
        sys.exit(f"local: {error}")
    except KeyboardInterrupt:
        sys.exit(
            "local: interrupted; `make up` continues from here, `make down` stops all processes"
        )


if __name__ == "__main__":
    main()
