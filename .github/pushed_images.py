"""List the images that an update pushed: python3 .github/pushed_images.py REGISTRY BEFORE AFTER

BEFORE and AFTER are files with the stack's outputs as JSON. An image counts if its digest is new
and its repository is the service's own in REGISTRY: this workflow built it. Prints a line for
GITHUB_OUTPUT.
"""

import json
import sys
from pathlib import Path
from typing import Any


def pushed(registry: str, before: dict[str, Any], after: dict[str, Any]) -> list[dict[str, str]]:
    known = {reference.partition("@")[2] for reference in before.get("images", {}).values()}
    found = []
    for service, reference in sorted(after["images"].items()):
        tagged, _, digest = reference.partition("@")
        path, _, last = tagged.rpartition("/")
        name = f"{path}/{last.partition(':')[0]}"
        is_built = name.startswith(f"{registry}/") and name.endswith(f"/{service}")
        if is_built and digest not in known:
            found.append({"name": name, "digest": digest})
    return found


def main(registry: str, before: str, after: str) -> None:
    outputs = [json.loads(Path(file).read_text()) for file in (before, after)]
    print(f"pushed={json.dumps(pushed(registry, *outputs))}")


if __name__ == "__main__":
    main(*sys.argv[1:])
