"""Finds and removes the packet-filter chains of kube-proxy, the kubelet and the CNI plugins."""

import subprocess
from collections.abc import Iterator, Set

FAMILIES = ("iptables", "ip6tables")
PREFIXES = ("KUBE-", "CNI-")
FILTER_KIND = "/run/herald/iptables"  # nft or legacy, for iptables programs that support both
Chain = tuple[str, str, str]  # family, table, name


def chains() -> set[Chain]:
    """Return the chains that Kubernetes and CNI plugins have created on this machine."""
    return {chain for family in FAMILIES for chain in _chains_in(family, _saved(family))}


def supported_kind() -> str:
    """Return `nft` if the kernel can create a chain with it, else `legacy`."""
    probe = ["iptables", "-t", "nat", "-N", "HERALD-PROBE"]
    if subprocess.run(probe, capture_output=True, check=False).returncode:
        return "legacy"
    subprocess.run(
        ["iptables", "-t", "nat", "-X", "HERALD-PROBE"], capture_output=True, check=False
    )
    return "nft"


def _saved(family: str) -> str:
    command = [f"{family}-save"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout


def _chains_in(family: str, saved: str) -> Iterator[Chain]:
    table = ""
    for line in saved.splitlines():
        if line.startswith("*"):
            table = line[1:]
        elif line.startswith(tuple(f":{prefix}" for prefix in PREFIXES)):
            yield family, table, line[1:].split()[0]


def remove(kept: Set[Chain]) -> None:
    """Remove every such chain, except the `kept` ones, and the rules that jump to it."""
    for family in FAMILIES:
        saved = _saved(family)
        ours = set(_chains_in(family, saved)) - kept
        if ours:
            subprocess.run(
                [f"{family}-restore", "--noflush"],
                input=removal(saved, {(table, name) for _, table, name in ours}),
                text=True,
                check=False,
                capture_output=True,
            )


def removal(saved: str, ours: Set[tuple[str, str]]) -> str:
    """Return input for `iptables-restore` that removes only `ours` (table, chain).

    It does not name rules of other programs, so their changes in the meantime are kept.
    """
    lines, table, names = list[str](), "", set[str]()
    for line in saved.splitlines():
        if line.startswith("*"):
            table = line[1:]
            names = {name for of, name in ours if of == table}
            lines.append(line)
            # The declaration also flushes the chain.
            lines += [f":{name} - [0:0]" for name in sorted(names)]
        elif line.startswith("-A ") and _leads_to(line, names):
            lines.append(line.replace("-A ", "-D ", 1))
        elif line == "COMMIT":
            lines += [f"-X {name}" for name in sorted(names)]
            lines.append(line)
    return "\n".join(lines) + "\n"


def _leads_to(rule: str, names: Set[str]) -> bool:
    """Return True if a rule of a remaining chain jumps to a removed one."""
    words = rule.split()
    jumps = {after for word, after in zip(words, words[1:], strict=False) if word in ("-j", "-g")}
    return words[1] not in names and bool(jumps & names)
