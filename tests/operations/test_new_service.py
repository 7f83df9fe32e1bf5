"""`herald new service` in a copy of the checkout, and faults that are refused before anything."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from operations import new_service
from operations.command_line import main
from stacks.config.project import ROOT
from stacks.config.services import ServiceError, read_services
from tests.stacks.program_copy import copy_program, run_program

PROGRAM = """\
def reminder_platform(config: StackConfig) -> Exports:
    platform = Platform(config)
    events = platform.topic("event")
    notifications = platform.topic("notification")
    event_queue = platform.queue("event", events)
    store = platform.table("event-store", "userId", "id")
    cluster = Cluster(platform)
    cluster.service("event-service", uses=[event_queue.consumer("EVENT")])
    return cluster.exports(email_template="", email_dns_records=[])
"""
DIGEST = "registry.example.com/prices@sha256:" + "a" * 64
CALL = """\
    cluster.service(
        "invoices",
        database=cluster.database("invoice", owner="invoices"),
        uses=[
            platform.queue("invoices", events).consumer("EVENT"),
            platform.table("invoices", "id").writer("INVOICES"),
        ],
    )
"""
PARTS = {
    "aws:sqs/queue:Queue",
    "aws:ecr/repository:Repository",
    "docker-build:index:Image",
    "kubernetes:apps/v1:Deployment",
}
SERVICES = {
    "plain": (),
    "queued": ("--queue", "events"),
    "listed": ("--table", "listed"),
    "stored": ("--database",),
    "told": ("--queue", "notification", "--table", "told-invoices"),
    "complete": ("--queue", "events", "--table", "complete", "--database"),
}
SOUND = """
import importlib, sys, pytest

for name in sys.argv[1:]:
    sys.path.insert(0, name)
    importlib.import_module(f"{name}.settings")
    print(importlib.import_module(f"{name}.__main__").NAME)
settings = "addopts=--verbose --import-mode=importlib -ptimeout --disable-plugin-autoload"
options = [f"--override-ini={settings}"]
sys.exit(pytest.main([*options, *sys.argv[1:]]))
"""
ALL = ("invoices", "--queue", "events", "--table", "invoices", "--database")


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """The parts of a checkout that the command reads and writes, with a program of its own."""
    (tmp_path / "services").mkdir()
    (tmp_path / "stacks" / "platform").mkdir(parents=True)
    (tmp_path / "stacks" / "platform" / "reminder_platform.py").write_text(PROGRAM)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    monkeypatch.setattr(new_service.create_service, "__defaults__", (tmp_path,))
    return tmp_path


def files(folder: Path) -> set[str]:
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}


def changed(checkout: Path) -> dict[str, str]:
    """The files outside of the services that the command changed, with their new text."""
    before = {
        "stacks/platform/reminder_platform.py": PROGRAM,
        "pyproject.toml": (ROOT / "pyproject.toml").read_text(),
    }
    after = {name: (checkout / name).read_text() for name in before}
    return {name: text for name, text in after.items() if text != before[name]}


def test_service_has_folder_and_call(checkout, capsys):
    assert main(["new", "service", *ALL]) == 0
    assert files(checkout / "services") == {
        "invoices/pyproject.toml",
        "invoices/test_invoices.py",
        "invoices/invoices/__init__.py",
        "invoices/invoices/__main__.py",
        "invoices/invoices/handlers.py",
        "invoices/invoices/migrations/env.py",
        "invoices/invoices/migrations/versions/0001_events.py",
        "invoices/invoices/py.typed",
        "invoices/invoices/rows.py",
        "invoices/invoices/settings.py",
        "invoices/invoices/table.py",
    }
    gained = changed(checkout)
    assert set(gained) == {"stacks/platform/reminder_platform.py", "pyproject.toml"}
    assert gained["stacks/platform/reminder_platform.py"].replace(CALL, "") == PROGRAM
    assert '/services/invoices"' in gained["pyproject.toml"]
    assert capsys.readouterr().out.startswith(
        "Created services/invoices. Changed stacks/platform/reminder_platform.py, pyproject.toml."
    )


def test_created_code_is_sound(checkout):
    """One process imports and tests all services, for its imports take seconds."""
    for name, options in SERVICES.items():
        assert main(["new", "service", name, *options]) == 0
    folder = checkout / "services"
    ruff = Path(sys.executable).with_name("ruff")
    for arguments in (["format", "--check"], ["check"]):
        run = subprocess.run([ruff, *arguments, folder], capture_output=True, text=True)
        assert run.returncode == 0, run.stdout
    code = [sys.executable, "-c", SOUND, *SERVICES]
    run = subprocess.run(code, cwd=folder, capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, ""), run.stdout
    printed = run.stdout.splitlines()
    assert printed[: len(SERVICES)] == list(SERVICES)
    tested = {line.split("/")[0] for line in printed if line.partition("::")[2]}
    assert tested == {name for name, options in SERVICES.items() if "--queue" in options}


def test_other_languages_have_own_dockerfile(checkout):
    arguments = ["prices", "--queue", "events", "--table", "prices", "--dockerfile"]
    assert main(["new", "service", *arguments]) == 0
    assert set(changed(checkout)) == {"stacks/platform/reminder_platform.py"}
    assert files(checkout / "services") == {
        *("prices/Dockerfile", "prices/go.lock", "prices/main.go", "prices/service.toml")
    }
    service = read_services(checkout / "services")["prices"]
    assert (service.is_python, service.image) == (False, None)
    assert service.description.settings.required == [
        *("EVENT_QUEUE_URL", "EVENT_DEAD_LETTERS_URL", "PRICES_TABLE")
    ]


def test_existing_image_needs_no_dockerfile(checkout):
    assert main(["new", "service", "prices", "--image", DIGEST]) == 0
    assert files(checkout / "services") == {"prices/service.toml"}
    assert read_services(checkout / "services")["prices"].image == DIGEST


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["Invoices"],
            "'Invoices' cannot name a service: expected 2 to 40 lower-case letters, digits and "
            "single hyphens, starting with a letter",
        ),
        (
            ["i" * 41],
            f"'{'i' * 41}' cannot name a service: expected 2 to 40 lower-case letters, digits and "
            "single hyphens, starting with a letter",
        ),
        (
            ["invoices", "--table", "in_voices"],
            "'in_voices' cannot name a table: expected 2 to 40 lower-case letters, digits and "
            "single hyphens, starting with a letter",
        ),
        (
            ["invoices", "--queue", "evnts"],
            "expected a topic of the program (events, notifications); got 'evnts'",
        ),
        (
            ["invoices", "--table", "event-store"],
            "the program has a table 'event-store' already; choose another name",
        ),
        (
            ["event", "--queue", "events"],
            "the program has a queue 'event' already; choose another name",
        ),
        (["taken"], "services/taken exists already; choose another name"),
        (
            ["json"],
            "services/json: its package would hide the Python module json; rename the service",
        ),
        (
            ["prices", "--image", "prices:1"],
            "expected --image by digest, NAME@sha256:…; got 'prices:1'",
        ),
        (
            ["prices", "--image", DIGEST, "--dockerfile"],
            "expected either --dockerfile or --image; got both",
        ),
    ],
)
def test_bad_request_changes_nothing(checkout, capsys, arguments, said):
    (checkout / "services" / "taken").mkdir()
    assert main(["new", "service", *arguments]) == 1
    assert capsys.readouterr().err == f"Herald: {said}.\n"
    assert [folder.name for folder in (checkout / "services").iterdir()] == ["taken"]
    assert changed(checkout) == {}


def test_program_of_the_checkout_is_readable():
    topics = dict(new_service.parts(new_service.read_program(ROOT), "topic"))
    assert topics["events"] == "event"


def test_command_needs_a_checkout(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(new_service.create_service, "__defaults__", (tmp_path,))
    assert main(["new", "service", "invoices"]) == 1
    assert capsys.readouterr().err == (
        "Herald: expected a checkout of the project, found no "
        "stacks/platform/reminder_platform.py; change into its folder.\n"
    )


TOML = '[health]\n[settings]\nrequired = ["PRICE_URL"]\n'
FAULTS = {
    "Python without settings": (
        {"prices/__main__.py": ""},
        "services/prices has no settings: expected the class Settings in prices/settings.py.",
    ),
    "a Dockerfile without settings": (
        {"Dockerfile": "EXPOSE 8080"},
        "services/prices has no settings: expected service.toml with the tables [health] and "
        "[settings].",
    ),
    "settings without an image": (
        {"service.toml": TOML},
        "services/prices has no image: expected a Dockerfile, or `image` by digest in "
        "service.toml.",
    ),
    "two images": (
        {"service.toml": f'image = "{DIGEST}"\n{TOML}', "Dockerfile": "EXPOSE 8080"},
        "services/prices has two images: remove its Dockerfile, or `image` in service.toml.",
    ),
    "an image by tag": (
        {"service.toml": f'image = "prices:1"\n{TOML}'},
        "services/prices/service.toml: image is wrong: String should match pattern "
        "'^[^\\s@]+@sha256:[0-9a-f]{64}$'; got 'prices:1'.",
    ),
    "an image that answers no health check": (
        {"service.toml": TOML, "Dockerfile": "FROM scratch\nEXPOSE 80/tcp"},
        "services/prices/Dockerfile: expected EXPOSE 8080, the port that "
        "serves /health/live and /health/ready.",
    ),
    "an existing image of which nobody knows the health checks": (
        {"service.toml": f'image = "{DIGEST}"\n[settings]\n'},
        "services/prices/service.toml has no health; docs/how-to/add-a-service.md describes "
        "the file.",
    ),
    "an unknown key": (
        {"service.toml": f"{TOML}secret = true\n", "Dockerfile": "EXPOSE 8080"},
        "services/prices/service.toml: settings.secret is wrong: Extra inputs are not permitted; "
        "got True.",
    ),
}


@pytest.mark.parametrize("name", ["Prices", "p", "a" * 41, "a--b", "p_1"])
def test_folder_name_fits_aws(tmp_path, name):
    (tmp_path / name).mkdir()
    (tmp_path / name / "service.toml").write_text(f'image = "{DIGEST}"\n{TOML}')
    with pytest.raises(ServiceError, match=f"^'{name}' cannot name a service: expected 2 to 40 "):
        read_services(tmp_path)


@pytest.mark.parametrize("fault", FAULTS)
def test_undeployable_folder_is_refused(tmp_path, fault):
    contents, said = FAULTS[fault]
    for name, text in contents.items():
        file = tmp_path / "prices" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    with pytest.raises(ServiceError) as refused:
        read_services(tmp_path)
    assert str(refused.value) == said


def test_shared_package_is_no_service():
    found = set(read_services())
    assert "service-runtime" not in found
    assert found >= {"reminder-service", "event-service"}


def test_real_program_runs_with_them(tmp_path, monkeypatch, platform):
    copy_program(tmp_path)
    monkeypatch.setattr(new_service.create_service, "__defaults__", (tmp_path,))
    for name, option in (("new-one", "--database"), ("other-one", "--dockerfile")):
        options = ["--queue", "events", "--table", f"{name}s", option]
        assert main(["new", "service", name, *options]) == 0
    before = [[one.type, one.name] for one in platform("prod").resources]
    after, _ = run_program(tmp_path)
    added = [one for one in after if one not in before]
    assert [one for one in before if one not in after] == []
    for name in ("new-one", "other-one"):
        assert {kind for kind, added_name in added if added_name == f"prod-{name}"} >= PARTS
        assert ["aws:dynamodb/table:Table", f"prod-{name}s"] in added
    databases = [name for kind, name in added if kind == "herald:infra:ServiceDatabase"]
    assert len(databases) == 1
