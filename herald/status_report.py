"""How the status of a stack is shown."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from herald.status import DeploymentStatus, QueueStatus, StackStatus

GOOD, BAD, DIM = "green", "bold red", "dim"


def report(status: StackStatus) -> None:
    console = Console()
    console.print(Text(f"Stack {status.stack}, namespace {status.namespace}", "bold"))
    console.print(f"Last update: {status.updated}")
    for table in (queue_table(status.queues), deployment_table(status.deployments)):
        if table.row_count:
            console.print()
            console.print(table)
    console.print()
    for name, answers in status.answering.items():
        console.print(Text("answers    " if answers else "no answer  ", GOOD if answers else BAD)
                      .append(name, "default"))  # fmt: skip
    for sentence in notes(status):
        console.print(sentence)


def queue_table(queues: list[QueueStatus]) -> Table:
    table = Table("queue", "waiting", "in flight", "delayed", "oldest", box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for queue in queues:
        alarming = queue.dead_letters and queue.waiting + queue.in_flight > 0
        table.add_row(
            Text(queue.name, BAD if alarming else DIM if queue.dead_letters else ""),
            Text(str(queue.waiting), BAD if alarming else ""),
            str(queue.in_flight),
            str(queue.delayed),
            "unknown" if queue.oldest is None else f"{queue.oldest} s",
        )
    return table


def deployment_table(deployments: list[DeploymentStatus]) -> Table:
    table = Table("deployment", "ready", "image", box=None, pad_edge=False)
    for deployment in deployments:
        whole = deployment.ready >= deployment.desired
        table.add_row(
            deployment.name,
            Text(f"{deployment.ready}/{deployment.desired}", GOOD if whole else BAD),
            Text("current", GOOD) if deployment.current else Text("of another update", BAD),
        )
    return table


def notes(status: StackStatus) -> list[str]:
    told = [f"{problem[0].upper()}{problem[1:]}." for problem in status.problems]
    if status.alarm_receivers == 0:
        told.append("Alarms reach nobody: set herald:alarmEmails, or subscribe to the alarm topic.")
    if any(queue.dead_letters and queue.waiting for queue in status.queues):
        told.append("There are dead letters: `herald dead-letters list` says why.")
    if not all(status.answering.values()):
        told.append("What gives no answer may be private: pods are ready only with their database.")
    return told
