"""Prints the status of a stack."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from operations.function_status import FunctionStatus
from operations.status import DeploymentStatus, QueueStatus, StackStatus

GOOD, BAD, DIM = "green", "bold red", "dim"


def report(status: StackStatus) -> None:
    console = Console()
    console.print(Text(f"Stack {status.stack}, namespace {status.namespace}", "bold"))
    console.print(f"Last change: {status.updated}")
    tables = (
        queue_table(status.queues),
        deployment_table(status.deployments),
        function_table(status.functions),
    )
    for table in tables:
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
            age(queue),
        )
    return table


def age(queue: QueueStatus) -> str:
    """Describe the age of the oldest message; metrics of empty queues are often missing."""
    if queue.oldest is not None:
        return f"{queue.oldest} s"
    return "unknown" if queue.waiting + queue.in_flight + queue.delayed else "-"


def deployment_table(deployments: list[DeploymentStatus]) -> Table:
    table = Table("deployment", "ready", "image", box=None, pad_edge=False)
    for deployment in deployments:
        whole = deployment.ready >= deployment.desired
        table.add_row(
            deployment.name,
            Text(f"{deployment.ready}/{deployment.desired}", GOOD if whole else BAD),
            Text("current", GOOD) if deployment.current else Text("from another update", BAD),
        )
    return table


def function_table(functions: list[FunctionStatus]) -> Table:
    columns = ("function", "state", "at once", "schedule", "runs", "failed in the last hour")
    table = Table(*columns, box=None, pad_edge=False)
    for function in functions:
        update = "" if function.last_update == "Successful" else f", {function.last_update}"
        table.add_row(
            function.name,
            Text(f"{function.state}{update}", GOOD if function.well else BAD),
            "any" if function.concurrency is None else str(function.concurrency),
            function.schedule,
            "unknown" if function.runs is None else str(function.runs),
            Text(
                "unknown" if function.failed is None else str(function.failed),
                BAD if function.failed else "",
            ),
        )
    return table


def notes(status: StackStatus) -> list[str]:
    advice = [f"{problem[0].upper()}{problem[1:]}." for problem in status.problems]
    if any(function.failed for function in status.functions):
        advice.append("A function failed: its log group in CloudWatch has the reason.")
    if any(not each.schedule.startswith("ENABLED") for each in status.functions):
        advice.append(
            "The schedule of a function is disabled: no notification is sent until `pulumi up`."
        )
    if status.alarm_receivers == 0:
        advice.append(
            "Alarms notify nobody: set herald:alarmEmails, or subscribe to the alarm topic."
        )
    if any(queue.dead_letters and queue.waiting for queue in status.queues):
        advice.append("There are dead letters: `herald dead-letters list` shows the reasons.")
    if not all(status.answering.values()):
        advice.append(
            "A database that does not answer may be private: "
            "pods are ready only with their database."
        )
    return advice
