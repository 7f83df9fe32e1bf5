import pytest
from event_messages.addresses import BadAddress, address_key, email_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("ada@example.org", "ada@example.org"),
        ("USER@EXAMPLE.COM", "USER@EXAMPLE.COM"),
        ("user@bücher.example", "user@xn--bcher-kva.example"),
        ("user@xn--bcher-kva.example", "user@xn--bcher-kva.example"),
        ("user@BÜCHER.example", "user@xn--bcher-kva.example"),
        ("\u200buser@exa\u00admple.com\u2060 ", "user@example.com"),
        ("\ufeffo'neill+tag@sub.example.co", "o'neill+tag@sub.example.co"),
        ("user@xn--a--b.example", "user@xn--a--b.example"),
    ],
)
def test_address_has_one_form(text, address):
    assert email_address(text) == address
    assert email_address(address) == address


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "name@domain"),
        ("ada", "name@domain"),
        ("@example.org", "name@domain"),
        ("ada@", "name@domain"),
        ("jürgen@example.com", "SMTPUTF8"),
        ("a b@example.org", "spaces"),
        ("a@example.org\r\nBcc: b@example.org", "spaces or control"),
        ("a@b@example.org", "before the @"),
        ('"a b"@example.org', "spaces"),
        (".a@example.org", "before the @"),
        ("a..b@example.org", "before the @"),
        (f"{'a' * 65}@example.org", "before the @"),
        ("a@example", "domain name"),
        ("a@-b.example", "domain name"),
        ("a@ex_ample.org", "domain name"),
        ("a@192.0.2.1", "domain name"),
        ("a@[192.0.2.1]", "domain name"),
        ("a@☃☃..example", "domain name"),
        (f"a@{'b' * 60}.{'b' * 60}.{'b' * 60}.{'b' * 60}.{'b' * 60}.example", "254"),
    ],
)
def test_bad_address_has_reason(text, reason):
    with pytest.raises(BadAddress, match=reason):
        email_address(text)


@pytest.mark.parametrize(
    "text",
    ["User@EXAMPLE.com", "Ann <user@example.com>", "user@example.com", "\u200buser@example.com"],
)
def test_spellings_of_mailbox_share_key(text):
    assert address_key(text) == "user@example.com"
