"""Texts avoid the words and shapes that make readers stop."""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = ("*.md", "docs/**/*.md", "stacks/authorities/*.md", "review/policies/*.md")
CODE = (
    *(f"{folder}/**/*.py" for folder in ("infra", "local", "operations", "plugins", "review")),
    *(f"{folder}/**/*.py" for folder in ("services", "stacks", "docs", "tests/bench")),
    ".github/*.py",
)
# Its text is part of the key of built programs, so that a change rebuilds them all.
KEYED = "local/programs/workspace.py"
LONGEST_SENTENCE = 35  # words; aim for 20
LONG_TEST_NAME = re.compile(r"def (test(?:_[a-z0-9]+){7,})")  # more than six words
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
SUBJECT = re.compile(
    r"^(?:The|An?|Its|Their|All|Each|Every|Nothing|No|One|This|These|Until|After)\b"
)
DESCRIBED = {"description", "help", "summary", "title", "epilog"}
REPORTING = {"exit", "error", "warning", "info", "debug", "fail"}  # methods that show their text
COMMENT = re.compile(r"#:?\s+(.*)")
DIRECTIVE = re.compile(r"^(?:type:|noqa|fmt:|shellcheck|pragma|mypy:)")


def sentences(text: str) -> Iterator[str]:
    """Return the sentences of a text without code, links and markup."""
    plain = re.sub(r"`[^`]*`|<code>.*?</code>", "code", text)
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


class CodeTexts(ast.NodeVisitor):
    """Collects the texts of a module for its readers and users."""

    def __init__(self, source: str) -> None:
        self.docstrings: list[str] = []
        self.shown: list[str] = []  # errors, log lines, help and descriptions of an API
        self._strings: list[ast.expr] = []
        self._errors = {"Refusal"}
        self.visit(ast.parse(source))
        self.comments = list(self._comments(source.splitlines()))

    def generic_visit(self, node: ast.AST) -> None:
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            if text := ast.get_docstring(node):
                (self.shown if self._is_error(node) else self.docstrings).append(text)
        elif isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            self._add(node.exc.args)
        elif isinstance(node, ast.Call):
            if getattr(node.func, "attr", None) in REPORTING:
                self._add(node.args)
            self._add(one.value for one in node.keywords if one.arg in DESCRIBED)
        elif isinstance(node, ast.JoinedStr) or (
            isinstance(node, ast.Constant) and isinstance(node.value, str)
        ):
            self._strings.append(node)
            return
        super().generic_visit(node)

    def _is_error(self, node: ast.AST) -> bool:
        """Return True for an exception class, whose docstring is its message."""
        if not isinstance(node, ast.ClassDef):
            return False
        bases = {getattr(base, "id", getattr(base, "attr", "")) for base in node.bases}
        if bases & self._errors or any(base.endswith(("Error", "Exception")) for base in bases):
            self._errors.add(node.name)
        return node.name in self._errors

    def _add(self, values: Iterable[ast.expr]) -> None:
        for value in values:
            if isinstance(value, ast.JoinedStr):
                parts = (getattr(part, "value", None) for part in value.values)
                self.shown.append("".join(p if isinstance(p, str) else "code" for p in parts))
            elif isinstance(value, ast.Constant) and isinstance(value.value, str):
                self.shown.append(value.value)

    def _comments(self, lines: list[str]) -> Iterator[str]:
        """Return each comment; those on consecutive lines are one text."""
        block: list[str] = []
        spans = {number for one in self._strings for number in range(one.lineno, end_of(one))}
        for number, line in enumerate(lines, 1):
            start = line.find("#")
            while start >= 0 and self._is_string(number, start):
                start = line.find("#", start + 1)
            found = COMMENT.match(line, start) if start >= 0 and number not in spans else None
            is_alone = found is not None and not line[:start].strip()
            if block and not is_alone:
                yield " ".join(block)
                block = []
            if found and not DIRECTIVE.match(found[1]):
                if is_alone:
                    block.append(found[1])
                else:
                    yield found[1]
        yield " ".join(block)

    def _is_string(self, line: int, column: int) -> bool:
        return any(
            (one.lineno, one.col_offset) <= (line, column) < (end_of(one), one.end_col_offset or 0)
            for one in self._strings
            if one.lineno <= line <= end_of(one)
        )


def end_of(node: ast.expr) -> int:
    return node.end_lineno or node.lineno


def faults_of_code(source: str) -> Iterator[str]:
    texts = CodeTexts(source)
    for text in texts.docstrings:
        if FRAGMENT.match(text) or SUBJECT.match(text):
            yield f"docstring starts without a verb: {text.splitlines()[0]}"
    for text in (*texts.docstrings, *texts.shown, *texts.comments):
        for block in blocks(text):
            yield from faults(block)


def files(*patterns: str) -> list[str]:
    found = {path for pattern in patterns for path in ROOT.glob(pattern)}
    names = (path.relative_to(ROOT) for path in found)
    return sorted(str(name) for name in names if ".venv" not in name.parts)


@pytest.mark.parametrize("name", files(*PAGES))
def test_page_reads_well(name: str) -> None:
    page = (ROOT / name).read_text(encoding="utf-8")
    assert [fault for block in blocks(page) for fault in faults(block)] == []


@pytest.mark.parametrize("name", [name for name in files(*CODE) if name != KEYED])
def test_texts_of_code_read_well(name: str) -> None:
    assert list(faults_of_code((ROOT / name).read_text(encoding="utf-8"))) == []


def test_names_of_tests_are_short() -> None:
    sources = ((ROOT / name).read_text(encoding="utf-8") for name in files("tests/**/*.py"))
    assert [name for source in sources for name in LONG_TEST_NAME.findall(source)] == []


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
        "docstring starts without a verb"
    ]


@pytest.mark.parametrize(
    "source",
    [
        "raise ValueError(f'{name} is no name')",
        "logger.warning('the key is told')",
        "Field(description='A key that is told.')",
        "x = 1  # as it was told",
        "y = '#'  # as it was told",
        "class Refused(Exception):\n    'The key was told.'",
    ],
)
def test_bad_text_of_code_is_found(source: str) -> None:
    assert len(list(faults_of_code(source))) == 1


def test_code_and_error_messages_pass() -> None:
    source = "class Gone(LookupError):\n    'The key expired.'\nx = '# told'\nquery = 'told'"
    assert list(faults_of_code(source)) == []
