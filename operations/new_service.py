"""Creates the folder of a new service, and adds it to the stack program."""

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from string import Template

from operations.errors import OperatorError
from stacks.config.project import ROOT
from stacks.config.services import IMAGE, Service, ServiceError, expect_deployable, expect_name

TEMPLATES = Path(__file__).parent / "templates"
PROGRAM = Path("stacks/platform/reminder_platform.py")
END = "    return cluster.exports("  # the new call stands before it
CONDITION = re.compile(r"  #\? (.+)$")


@dataclass(frozen=True, kw_only=True)
class NewService:
    """Describes the service to create."""

    name: str
    topic: str | None = None  # topic of its queue; name or variable of the program
    table: str | None = None
    database: bool = False
    own_dockerfile: bool = False
    image: str | None = None  # existing image by digest

    @property
    def template(self) -> str:
        if self.image is not None:
            return "image"
        return "container" if self.own_dockerfile else "python"

    @property
    def parts(self) -> set[str]:
        chosen = {"queue": self.topic, "table": self.table, "database": self.database}
        return {name for name, value in chosen.items() if value}


@dataclass(frozen=True, kw_only=True)
class Topic:
    variable: str  # in the program
    name: str

    @property
    def setting(self) -> str:
        return setting_of(self.name)


def create_service(new: NewService, root: Path = ROOT) -> list[Path]:
    """Create the folder and edit the program; return the changed files outside of the folder.

    If the request is invalid, nothing is written.
    """
    program = read_program(root)
    expect_free(new, root, program)
    topic = None if new.topic is None else find_topic(new.topic, program)
    folder = root / "services" / new.name
    write_folder(new, topic, folder)
    try:
        expect_deployable(Service(new.name, folder))
    except ServiceError as error:
        shutil.rmtree(folder)
        raise OperatorError(str(error).removesuffix(".")) from None
    call = call_of(new, topic)
    (root / PROGRAM).write_text(program.replace(END, f"{call}{END}", 1), encoding="utf-8")
    changed = [PROGRAM]
    if new.template == "python":
        changed.append(add_to_mypy(new, root))
        format_code(root, folder)
    return changed + write_reference(root, folder)


def read_program(root: Path) -> str:
    file = root / PROGRAM
    if not file.exists():
        raise OperatorError(
            f"expected a checkout of the project, found no {PROGRAM}; change into its folder"
        )
    program = file.read_text(encoding="utf-8")
    if program.count(END) != 1:
        raise OperatorError(f"expected one line that starts with {END.strip()!r} in {PROGRAM}")
    return program


def expect_free(new: NewService, root: Path, program: str) -> None:
    try:
        expect_name("service", new.name)
        if new.table is not None:
            expect_name("table", new.table)
    except ServiceError as error:
        raise OperatorError(str(error).removesuffix(".")) from None
    if (root / "services" / new.name).exists():
        raise OperatorError(f"services/{new.name} exists already; choose another name")
    if new.image is not None and not IMAGE.fullmatch(new.image):
        raise OperatorError(f"expected --image by digest, NAME@sha256:…; got {new.image!r}")
    if new.image is not None and new.own_dockerfile:
        raise OperatorError("expected either --dockerfile or --image; got both")
    if new.database and new.template != "python":
        raise OperatorError("expected --database for a Python service; others migrate themselves")
    made = {"table": new.table, "queue": new.topic and new.name}
    for kind, name in made.items():
        if name in dict(parts(program, kind)).values():
            raise OperatorError(f"the program has a {kind} {name!r} already; choose another name")


def parts(program: str, kind: str) -> Iterator[tuple[str, str]]:
    """Return the variables that hold parts of a kind, with the names of the parts."""
    tree = ast.parse(program)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr == kind and node.args and isinstance(node.args[0], ast.Constant):
            yield variable_of(tree, node), str(node.args[0].value)


def variable_of(tree: ast.AST, call: ast.Call) -> str:
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and node.value.lineno == call.lineno:
            if isinstance(node.targets[0], ast.Name):
                return node.targets[0].id
    return ""


def find_topic(wanted: str, program: str) -> Topic:
    topics = [Topic(variable=variable, name=name) for variable, name in parts(program, "topic")]
    for topic in topics:
        if wanted in (topic.variable, topic.name):
            return topic
    known = ", ".join(topic.variable for topic in topics)
    raise OperatorError(f"expected a topic of the program ({known}); got {wanted!r}")


def write_folder(new: NewService, topic: Topic | None, folder: Path) -> None:
    package = Service(new.name, folder).package
    values = {
        "name": new.name,
        "package": package,
        "image": new.image or "",
        "topic": topic.setting.lower() if topic else "",
        "table": setting_of(new.table or "").lower(),
        "required": ", ".join(f'"{name}"' for name in required(new, topic)),
    }
    source = TEMPLATES / new.template
    for file in sorted(source.rglob("*.template*")):
        path, _, needed = str(file.relative_to(source)).partition(".template")
        if not set(filter(None, needed.split("-"))) <= new.parts:
            continue
        target = folder / path.replace("package", package)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(render(file.read_text(encoding="utf-8"), values, new.parts), "utf-8")
    if new.template == "container":
        shutil.copy(ROOT / "local" / "programs" / "go.lock", folder / "go.lock")


def required(new: NewService, topic: Topic | None) -> list[str]:
    of_queue = [f"{topic.setting}_QUEUE_URL", f"{topic.setting}_DEAD_LETTERS_URL"] if topic else []
    return of_queue + ([f"{setting_of(new.table)}_TABLE"] if new.table else [])


def render(text: str, values: dict[str, str], chosen: set[str]) -> str:
    """Keep lines without a condition or with a true one, and insert the values."""
    lines = []
    for line in text.splitlines():
        condition = CONDITION.search(line)
        if condition is None or all(is_met(word, chosen) for word in condition[1].split()):
            lines.append(CONDITION.sub("", line))
    return Template("\n".join(lines) + "\n" if lines else "").substitute(values)


def is_met(word: str, chosen: set[str]) -> bool:
    return word[1:] not in chosen if word.startswith("!") else word in chosen


def setting_of(name: str) -> str:
    return name.replace("-", "_").upper()


def call_of(new: NewService, topic: Topic | None) -> str:
    """Return the call that adds the service to the program."""
    lines = ["    cluster.service(", f'        "{new.name}",']
    if new.database:
        database = new.name.removesuffix("s")
        lines.append(f'        database=cluster.database("{database}", owner="{new.name}"),')
    uses = []
    if topic is not None:
        uses.append(f'platform.queue("{new.name}", {topic.variable}).consumer("{topic.setting}")')
    if new.table is not None:
        uses.append(f'platform.table("{new.table}", "id").writer("{setting_of(new.table)}")')
    if uses:
        lines += ["        uses=[", *(f"            {use}," for use in uses), "        ],"]
    return "\n".join([*lines, "    )\n"])


def add_to_mypy(new: NewService, root: Path) -> Path:
    """Add the package to the search path of mypy, which accepts no patterns."""
    file = Path("pyproject.toml")
    text = (root / file).read_text(encoding="utf-8")
    path = f":$MYPY_CONFIG_FILE_DIR/services/{new.name}"
    found = re.sub(r'(?m)^(mypy_path = "[^"]*)"$', lambda match: f'{match[1]}{path}"', text)
    (root / file).write_text(found, encoding="utf-8")
    return file


def write_reference(root: Path, folder: Path) -> list[Path]:
    """Write the generated pages, which show the new service; return the changed ones."""
    if not (root / "docs" / "generator").exists():
        return []
    pages = [root / "README.md", *sorted((root / "docs").rglob("*.md"))]
    before = {page: page.read_bytes() for page in pages}
    search_path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-m", "docs.generator"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": search_path},  # the package is not installed yet
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or ["nothing"]
        raise OperatorError(
            f"services/{folder.name} was created, but the generated pages were not written: "
            f"{said[-1]}; correct it, then run `make reference`"
        )
    return [page.relative_to(root) for page in pages if page.read_bytes() != before[page]]


def format_code(root: Path, folder: Path) -> None:
    ruff = Path(sys.executable).with_name("ruff")
    if not ruff.exists():
        return
    check, layout = [ruff, "check", "--quiet", "--fix"], [ruff, "format", "--quiet"]
    for command in ([*check, folder], [*layout, folder], [*layout, root / PROGRAM]):
        subprocess.run([str(word) for word in command], cwd=root, check=False)
