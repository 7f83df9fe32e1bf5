"""If-Match as RFC 9110 writes it."""

import pytest
from service_runtime.api import create_api
from service_runtime.headers import InvalidHeader
from service_runtime.preconditions import IfMatch, matches, tags_of


@pytest.mark.parametrize(
    ("header", "tags"),
    [
        ("*", None),
        (" *\t", None),
        ('"3"', {'"3"'}),
        ('"3","4" ,\t"5"', {'"3"', '"4"', '"5"'}),
        (', "3",, ', {'"3"'}),
        ('W/"3", "4"', {'W/"3"', '"4"'}),
        ('"3,4"', {'"3,4"'}),
        ('""', {'""'}),
        ('"\xe9*"', {'"\xe9*"'}),
    ],
)
def test_tags_are_listed(header, tags):
    assert tags_of(header) == tags


@pytest.mark.parametrize(
    "header",
    ["", " ", ",", "3", "W/3", 'w/"3"', 'W/ "3"', '"3', '3"', '"3" "4"', '"3""4"', '"3", 4']
    + ['*, "3"', "*, *", "'3'", '"3 4"', '"3\t"', '"3"\x85', "“3”"],
)
def test_invalid_tag_list_is_refused(header):
    with pytest.raises(InvalidHeader) as refusal:
        tags_of(header)
    detail = f'Expected If-Match to be * or tags in quotes such as "3"; got {header!r}.'
    assert (refusal.value.status, refusal.value.detail) == (422, detail)


def test_refusal_shortens_a_long_header():
    with pytest.raises(InvalidHeader, match=f"got '{'3' * 64}\\.\\.\\.'\\.$"):
        tags_of("3" * 9_000)


@pytest.mark.parametrize(
    ("header", "matching"),
    [("*", True), ('"3"', True), ('"2", "3"', True), ('W/"3"', False), ('"33"', False)],
)
def test_only_strong_tag_of_version_matches(header, matching):
    assert matches(tags_of(header), 3) is matching


@pytest.mark.parametrize(
    ("lines", "answer"),
    [([], None), (["*"], None), (['"1"'], ['"1"']), (['"1"', '"2", "3"'], ['"1"', '"2"', '"3"'])],
)
def test_list_may_span_several_lines(serve, lines, answer):
    app = create_api("Versions", live=bool, ready=bool)

    @app.get("/tags")
    def tags(if_match: IfMatch) -> list[str] | None:
        return None if if_match is None else sorted(if_match)

    client = serve(app)
    assert client.get("/tags", headers=[("If-Match", one) for one in lines]).json() == answer
    [parameter] = client.get("/openapi.json").json()["paths"]["/tags"]["get"]["parameters"]
    assert (parameter["name"], parameter["in"], parameter["required"]) == (
        "If-Match",
        "header",
        False,
    )
