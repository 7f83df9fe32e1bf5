"""Links in e-mails by which their reader gets no more of them."""

import pulumi_random as random

from infra.service_secret import SecretKey
from stacks.config import StackConfig
from stacks.workloads import Cluster

KEY_LENGTH = 43  # characters, of 256 bits


def unsubscribe_address(config: StackConfig) -> dict[str, str]:
    """Where links lead; without an address e-mails have none."""
    address = config.email.unsubscribe_url
    return {} if address is None else {"UNSUBSCRIBE_URL": address}


def unsubscribe_key(cluster: Cluster) -> dict[str, SecretKey]:
    """What signs links; another one makes those in e-mails that were sent void."""
    if cluster.config.email.unsubscribe_url is None:
        return {}
    name = cluster.full_name("unsubscribe")
    key = random.RandomPassword(name, length=KEY_LENGTH, special=False)
    return {"UNSUBSCRIBE_KEY": cluster.secret("unsubscribe", {"key": key.result}).key("key")}
