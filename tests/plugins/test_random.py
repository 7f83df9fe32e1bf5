import string
from typing import Any

import pytest

PASSWORD = "random:index/randomPassword:RandomPassword"


def test_password_contains_only_allowed_characters(random: Any) -> None:
    made = random.create(PASSWORD, "p", length=40, overrideSpecial="_-", minSpecial=5, minUpper=20)
    text = made.state["result"]
    assert len(text) == 40
    assert sum(each in "_-" for each in text) >= 5
    assert sum(each.isupper() for each in text) >= 20
    assert {*text} <= {*string.ascii_letters, *string.digits, "_", "-"}


def test_passwords_are_secret_and_different(random: Any) -> None:
    first, second = (random.create(PASSWORD, "p", length=32, special=False) for _ in range(2))
    assert first.state["result"] != second.state["result"]
    assert "result" in first.secrets
    assert first.id == "none"


def test_password_stays_until_keepers_change(random: Any) -> None:
    made = random.create(PASSWORD, "p", length=16, keepers={"version": "1"})
    assert random.refresh(made).state == made.state
    assert not random.diff(made, length=16, keepers={"version": "1"}).detailedDiff
    assert [*random.diff(made, length=16, keepers={"version": "2"}).replaces] == ["keepers"]
    random.delete(made)


def test_string_result_is_its_id(random: Any) -> None:
    made = random.create("random:index/randomString:RandomString", "s", length=8, special=False)
    assert made.id == made.state["result"]
    assert made.secrets == frozenset()


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        ({"length": 3, "minLower": 4}, "length must be at least 4; got 3"),
        (
            dict.fromkeys(["lower", "upper", "numeric", "special"], False) | {"length": 3},
            "no kind of character is allowed; set upper, lower, numeric or special",
        ),
    ],
)
def test_impossible_password_is_refused(random: Any, inputs: dict[str, Any], sentence: str) -> None:
    assert random.check(PASSWORD, "p", inputs)[1] == {"length": sentence}


def test_unsupported_type_is_refused(random: Any) -> None:
    with pytest.raises(Exception, match="does not support random:index/randomPet:RandomPet"):
        random.check("random:index/randomPet:RandomPet", "p", {})
