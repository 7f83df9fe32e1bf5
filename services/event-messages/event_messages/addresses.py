"""Normalizes e-mail addresses, so that every service stores and sends the same form."""

import re
import unicodedata
from email.utils import parseaddr

import idna

LONGEST_ADDRESS = 254  # characters, RFC 5321
LONGEST_LOCAL_PART = 64  # characters

ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
LOCAL_PART = re.compile(rf"{ATOM}(\.{ATOM})*")
LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
DOMAIN = re.compile(rf"({LABEL}\.)+(?![0-9]){LABEL}")


class BadAddress(ValueError):
    """Reports an address that SES cannot send to; the message gives the reason."""


def email_address(text: str) -> str:
    """Return the address with an ASCII domain and without invisible characters.

    Raises BadAddress if the text does not follow RFC 5321, or needs SMTPUTF8.
    """
    address = "".join(c for c in text if unicodedata.category(c) != "Cf").strip(" ")
    local, at, domain = address.rpartition("@")
    if not (at and local and domain):
        raise BadAddress("The e-mail address must have the form name@domain.")
    if not address.isprintable() or " " in address:
        raise BadAddress("The e-mail address must not contain spaces or control characters.")
    if not local.isascii():
        raise BadAddress(
            "The part of the e-mail address before the @ must be ASCII, "
            "because SES does not support SMTPUTF8."
        )
    if not LOCAL_PART.fullmatch(local) or len(local) > LONGEST_LOCAL_PART:
        raise BadAddress(
            "The part of the e-mail address before the @ must be words of letters, digits and "
            f"!#$%&'*+-/=?^_`{{|}}~ with single dots between them, {LONGEST_LOCAL_PART} in all."
        )
    address = f"{local}@{ascii_domain(domain)}"
    if len(address) > LONGEST_ADDRESS:
        raise BadAddress(f"The e-mail address must have at most {LONGEST_ADDRESS} characters.")
    return address


def ascii_domain(domain: str) -> str:
    """Return the domain with A-labels (RFC 5891)."""
    try:
        encoded = domain if domain.isascii() else idna.encode(domain, uts46=True).decode()
    except idna.IDNAError as error:
        raise BadAddress("The domain of the e-mail address is not a domain name.") from error
    if not DOMAIN.fullmatch(encoded):
        raise BadAddress("The domain of the e-mail address is not a domain name.")
    return encoded


def address_key(text: str) -> str:
    """Return a key that is equal for all spellings of one mailbox, with or without a name."""
    address = parseaddr(text)[1] or text
    try:
        return email_address(address).casefold()
    except BadAddress:
        return address.casefold()
