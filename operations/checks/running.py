"""Checks the running platform: cluster, deployments, queues and databases."""

from operations.checks.problem import LOCAL, NotWell
from operations.cluster import Cluster
from operations.errors import OperatorError
from operations.reachability import answers_as_postgres
from operations.stack import Stack


def cluster_of(stack: Stack) -> Cluster:
    return Cluster(stack.written.get("kubernetes:context"))


def cluster(stack: Stack) -> str:
    chosen, namespace = cluster_of(stack), stack.outputs.namespace
    try:
        chosen.ask("get", "--raw", "/readyz")
        chosen.ask("get", "namespace", namespace)
    except OperatorError as error:
        remedy = f"check KUBECONFIG and kubernetes:context; {LOCAL}"
        raise NotWell(str(error), remedy) from None
    return f"ready, with namespace {namespace}"


def deployments(stack: Stack) -> str:
    from operations.status import deployments as deployed

    found = list(deployed(stack.outputs, cluster_of(stack)))
    lacking = [f"{each.name} {each.ready}/{each.desired}" for each in found
               if each.ready < each.desired]  # fmt: skip
    namespace = stack.outputs.namespace
    if not found:
        raise NotWell(
            f"namespace {namespace} has no deployments", f"run `pulumi up --stack {stack.name}`"
        )
    if lacking:
        raise NotWell(
            f"not ready: {', '.join(lacking)}",
            f"see `kubectl describe pods -n {namespace}` and `kubectl logs -n {namespace}`",
        )
    return f"all {len(found)} deployments are ready"


def queues(stack: Stack) -> str:
    from operations.status import queues as asked

    found = list(asked(stack.outputs, stack.client("sqs"), stack.client("cloudwatch")))
    if dead := [each for each in found if each.dead_letters and each.waiting]:
        counted = " and ".join(f"{each.waiting} in {each.name}" for each in dead)
        raise NotWell(
            f"dead letters: {counted}",
            f"see why with `herald dead-letters list --stack {stack.name} --queue NAME`, "
            "then redrive or discard them",
        )
    return f"{len(found)} queues answer and have no dead letters"


def database(stack: Stack) -> str:
    servers = {(each.host, each.port) for each in stack.outputs.databases.values()}
    silent = [f"{host}:{port}" for host, port in sorted(servers)
              if not answers_as_postgres(host, port)]  # fmt: skip
    if silent:
        raise NotWell(
            f"no PostgreSQL answers at {', '.join(silent)}",
            f"reach its network from here (VPN, bastion), or start it; {LOCAL}",
        )
    return f"PostgreSQL answers at {', '.join(f'{host}:{port}' for host, port in sorted(servers))}"
