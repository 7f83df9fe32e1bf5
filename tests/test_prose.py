"""Texts avoid the words and shapes that make readers stop."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = ("*.md", "docs/**/*.md", "stacks/authorities/*.md", "review/policies/*.md")
CODE = (
    "docs/generator/*.py",
    "operations/**/*.py",
    "review/preview/*.py",
    "review/simulation/*.py",
    "infra/**/*.py",
    "stacks/**/*.py",
    "stacks/foundation/*.py",
)
LONGEST_SENTENCE = 35  # words; aim for 20
FENCE = re.compile(r"^ *```.*?^ *```$|^ *<!--.*?-->$", re.DOTALL | re.MULTILINE)
BANNED = re.compile(
    r"\b(told|tells?|mend(?:s|ed|ing)?|given back|whoever|holds for|lest|the begin|by which way"
    r"|the one before|(?<!there )(?:is|are|was) no (?!longer|more\b|less\b|other|such)[a-z]+"
    r"|(?:it|they|which|that) (?:is|are) none\b)\b",
    re.IGNORECASE,
)
NOUN_CLAUSE = re.compile(r"^(?:What|Whose|Whichever)\b(?!.*\?$)")
FRAGMENT = re.compile(
    r"^(?:Of|As|By|For|In|With|What|Who|Whose|Where|Which|To|From|None|Whether|How|When|That|Those)\b"
)
DESCRIBED = {"description", "help", "summary"}


def sentences(text: str) -> Iterator[str]:
    """Return the sentences of a text without code, links and markup."""
    plain = re.sub(r"`[^`]*`", "code", text)
    plain = re.sub(r"!?\[([^]]*)\]\([^)]*\)", r"\1", plain)
    plain = re.sub(r"[*_>]", "", plain)
    for sentence in re.split(r"(?<=[.!?])\s+|(?<=[:;])\s+(?=[A-Z])", plain):
        yield " ".join(sentence.split())


def blocks(page: str) -> Iterator[str]:
    """Return the paragraphs, list items and table cells of a page; headings are left out."""
    for paragraph in re.split(r"\n\s*\n|\n(?= *(?:[-*|#]|\d+\.) )", FENCE.sub("", page)):
        text = paragraph.strip()
        if text.startswith("|"):
            for line in text.splitlines():
                yield from (cell.strip() for cell in re.split(r"(?<!\\)\|", line))
        elif not text.startswith(("#", "<")):
            yield re.sub(r"^(?:[-*]|\d+\.) ", "", text)


def faults(text: str) -> Iterator[str]:
    for sentence in sentences(text):
        if found := BANNED.search(sentence):
            yield f"{found[0]!r}: {sentence}"
        if NOUN_CLAUSE.match(sentence):
            yield f"starts with a noun clause: {sentence}"
        if len(re.findall(r"\w+", sentence)) > LONGEST_SENTENCE:
            yield f"too long: {sentence}"


def docstrings(tree: ast.AST) -> Iterator[str]:
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(tree):
        if isinstance(node, kinds) and (text := ast.get_docstring(node)):
            yield text


def descriptions(tree: ast.AST) -> Iterator[str]:
    """Return texts of arguments such as `description=` and `help=`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg in DESCRIBED:
            if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
                yield node.value.value


def faults_of_code(source: str) -> Iterator[str]:
    tree = ast.parse(source)
    for text in docstrings(tree):
        for paragraph in re.split(r"\n\s*\n", text):
            yield from faults(paragraph)
        if FRAGMENT.match(text):
            yield f"docstring starts without a verb or a noun: {text.splitlines()[0]}"
    for text in descriptions(tree):
        yield from faults(text)


def files(*patterns: str) -> list[str]:
    found = {path for pattern in patterns for path in ROOT.glob(pattern)}
    return sorted(str(path.relative_to(ROOT)) for path in found)


@pytest.mark.parametrize("name", files(*PAGES))
def test_page_reads_well(name: str) -> None:
    page = (ROOT / name).read_text(encoding="utf-8")
    assert [fault for block in blocks(page) for fault in faults(block)] == []


@pytest.mark.parametrize("name", files(*CODE))
def test_docstrings_read_well(name: str) -> None:
    assert list(faults_of_code((ROOT / name).read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("A wrong key is told before anything is made.", "'told'"),
        ("What cannot be handled lands in a queue.", "starts with a noun clause"),
        ("The address is no address.", "'is no address'"),
        ("word " * 36 + ".", "too long"),
    ],
)
def test_bad_sentence_is_found(text: str, fault: str) -> None:
    assert [found.partition(":")[0] for found in faults(text)] == [fault]


def test_good_sentences_pass() -> None:
    text = "Herald reports problems. What does it do? It is no longer `told` twice."
    assert list(faults(text)) == []


def test_fragment_in_docstring_is_found() -> None:
    source = 'def f() -> None:\n    """Of the function; as images have it."""\n'
    assert [found.partition(":")[0] for found in faults_of_code(source)] == [
        "docstring starts without a verb or a noun"
    ]
