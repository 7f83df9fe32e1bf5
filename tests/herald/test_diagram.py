"""The picture of a stack, from its state as the program makes it on mocks."""

import re
from itertools import combinations
from xml.etree import ElementTree

import pytest

from herald.architecture import Part, architecture
from herald.diagram import CARD_HEIGHT, HEIGHT, PLACES, WIDTH, box, draw, drawing
from herald.errors import OperatorError
from stacks.config import ROOT
from tests.stacks.stack_files import STACKS

PICTURE = ROOT / "docs" / "platform.svg"


def state(deployment):
    """The registered resources as `pulumi stack export` gives them."""
    return [
        {"type": each.type, "urn": each.urn, "inputs": each.inputs} for each in deployment.resources
    ]


@pytest.fixture
def platform_of(platform):
    return lambda stack: architecture(stack, state(platform(stack)))


def test_the_picture_of_the_readme_is_that_of_the_program(platform_of):
    assert PICTURE.read_text(encoding="utf-8") == draw(platform_of("local")), (
        "draw it again: herald diagram --stack local --output docs/platform.svg"
    )
    assert "(docs/platform.svg)" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("stack", STACKS)
def test_no_part_is_missing_and_nothing_overlaps(platform_of, stack):
    picture = drawing(platform_of(stack))
    assert set(platform_of(stack).parts) == set(PLACES)
    for one, other in combinations([box(place) for place in PLACES], 2):
        assert not one.overlaps(other)
    for one, other in combinations(picture.texts, 2):
        assert not one.overlaps(other)
    for text in picture.texts:
        assert 0 <= text.x
        assert text.x + text.width <= WIDTH
        assert text.y + text.height <= HEIGHT
        for card in (each for each in map(box, PLACES) if each.overlaps(text)):
            assert card.x < text.x
            assert text.x + text.width <= card.x + card.width


def test_details_come_from_the_state(platform_of):
    parts = platform_of("prod").parts
    assert parts["reminders"] == Part("database", "reminders", "PostgreSQL, RDS, multi-AZ")
    assert parts["notification-scheduler"].kind in ("function", "service")
    assert re.fullmatch(r"Kubernetes, \d+ to \d+ pods", parts["event-service"].detail)
    assert platform_of("local").parts["event-service"].detail == "Kubernetes, 1 pod"
    assert parts["event-dead"].detail == "after 5 receives, 14 days"


def test_what_a_stack_lacks_is_not_drawn_nor_are_arrows_to_it(platform, platform_of):
    whole = drawing(platform_of("local"))
    fewer = architecture(
        "local",
        [each for each in state(platform("local")) if not each["urn"].endswith("event-store")],
    )
    assert "event-store" not in fewer.parts
    lacking = drawing(fewer)
    assert "event store" not in lacking.svg()
    arrows = [sum('class="arrow' in shape for shape in each.shapes) for each in (whole, lacking)]
    assert arrows[0] - arrows[1] == 1


def test_a_function_is_drawn_as_one():
    resources = [
        {"type": "aws:sns/topic:Topic", "urn": "a::x-notification", "inputs": {}},
        {"type": "aws:lambda/function:Function", "urn": "a::x-notification-scheduler"},
    ]
    found = architecture("x", resources).parts["notification-scheduler"]
    assert found == Part("function", "notification-scheduler", "Lambda, by schedule")


def test_a_picture_is_valid_and_follows_light_and_dark(platform_of):
    picture = draw(platform_of("local"))
    root = ElementTree.fromstring(picture)
    assert root.attrib["viewBox"] == f"0 0 {WIDTH} {HEIGHT}"
    assert "prefers-color-scheme: dark" in picture
    used = set(re.findall(r"var\((--[a-z]+)\)", picture))
    light, dark = picture.split("@media")
    assert all(f"{name}:" in light and f"{name}:" in dark for name in used)


def test_rows_leave_room_for_what_stands_between_them():
    tops = sorted({box(place).y for place in PLACES})
    assert all(
        below - above > CARD_HEIGHT + 60 for above, below in zip(tops, tops[1:], strict=False)
    )


def test_an_empty_stack_has_nothing_to_draw(around, herald):
    around.answer("pulumi", "export", {"deployment": {}})
    said = herald("diagram", "--stack", "test", "--output", "x.svg")
    assert said.code == 1
    assert said.err == (
        "Herald: stack test has nothing to draw; run `pulumi up --stack test` first.\n"
    )


def test_the_picture_is_written_where_it_is_wanted(around, herald, tmp_path, platform):
    around.answer("pulumi", "export", {"deployment": {"resources": state(platform("local"))}})
    target = tmp_path / "picture.svg"
    assert herald("diagram", "--stack", "test", "--output", str(target)).code == 0
    assert "Herald, stack test" in target.read_text(encoding="utf-8")
    said = herald("diagram", "--stack", "test", "--output", "picture.png")
    assert said.err == "Herald: expected --output to name an .svg file, got 'picture.png'.\n"
    said = herald("diagram", "--stack", "test", "--output", f"{tmp_path}/none/p.svg")
    assert said.err.endswith("none/p.svg could not be written: No such file or directory.\n")


def test_the_error_of_an_empty_state_is_an_operators():
    with pytest.raises(OperatorError):
        architecture("x", [])
