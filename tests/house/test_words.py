"""What pages say can be translated, and the translations fit."""

from __future__ import annotations

import ast
import re
from html.parser import HTMLParser

import pytest
from babel.messages.catalog import Message
from jinja2 import Environment, FileSystemLoader, nodes

from fedimark import errors, resources
from fedimark.language.catalogue import read
from tests.support.messages import ENGLISH_ONLY, TRANSLATED, extracted, kept

_WORD = re.compile(r"[A-Za-z]{2,}")
_SHOWN = {"title", "placeholder", "aria-label", "alt"}
_NO_WORDS = {"layout", "kind"}  # blocks that hold a class and a type
_AS_THEY_ARE = {"code", "kbd", "script", "style", "svg", "pre"}
# Names, an example to type, and what programs read.
_NAMES = re.compile(
    r"\bfedimark\b|@ana@marks\.example|\bsqlite\b|\bin:|2026-12-24|\bEnglish\b|\bDeutsch\b|javascript:\S*|aria-\w+=\S+|\d-hint."
)


class _Untranslated(HTMLParser):
    """What of a page somebody reads, where no sentence of the catalogues stands."""

    def __init__(self) -> None:
        super().__init__()
        self.within: list[str] = []
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at the attributes that are shown or spoken."""
        if tag in _AS_THEY_ARE:
            self.within.append(tag)
        self.found += [f"{name}={value}" for name, value in attrs if name in _SHOWN and _is_words(value or "")]

    def handle_endtag(self, tag: str) -> None:
        """Leave what is shown as it is."""
        if self.within and tag == self.within[-1]:
            self.within.pop()

    def handle_data(self, data: str) -> None:
        """Look at a text."""
        if not self.within and _is_words(data):
            self.found.append(data.strip())


def _is_words(text: str) -> bool:
    return bool(_WORD.search(_NAMES.sub("", text)))


def _told(node: nodes.Node) -> str:
    """A part of a template as a page has it: its own text, and what an expression says where that is a plain word."""
    if isinstance(node, nodes.Output):
        return "".join(_said(each) for each in node.nodes)
    if isinstance(node, nodes.Block) and node.name in _NO_WORDS:
        return ""
    inside = "".join(_told(each) for each in node.iter_child_nodes() if not isinstance(each, nodes.Expr))
    if isinstance(node, nodes.Macro):
        # What it says by default, unless that is one word of a program: a class, a type.
        inside += "".join(said for each in node.defaults if " " in (said := _said(each)))
    return inside


def _said(node: nodes.Expr) -> str:
    if isinstance(node, nodes.TemplateData):
        return node.data
    if isinstance(node, nodes.Const) and isinstance(node.value, str):
        return node.value
    if isinstance(node, nodes.CondExpr):
        return " | ".join(_said(each) for each in (node.expr1, node.expr2) if each is not None)
    return "1"


TEMPLATES = Environment(
    loader=FileSystemLoader(resources.templates()), extensions=["jinja2.ext.i18n"], trim_blocks=True, lstrip_blocks=True
)


@pytest.mark.parametrize("name", sorted(TEMPLATES.list_templates()))
def test_a_template_says_nothing_that_cannot_be_translated(name: str) -> None:
    assert TEMPLATES.loader is not None
    reader = _Untranslated()

    reader.feed(_told(TEMPLATES.parse(TEMPLATES.loader.get_source(TEMPLATES, name)[0])))

    assert reader.found == []


def _plain(module: ast.Module) -> set[str]:
    """The names in a module that stand for English alone: texts that nothing marks, or tables of them."""
    found = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            values = node.value.values if isinstance(node.value, ast.Dict) else [node.value]
            if any(isinstance(each, ast.JoinedStr) or _is_text(each) for each in values):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return found


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _unmarked(module: ast.Module) -> list[str]:
    """The errors of a module whose words no catalogue can hold: put together, or taken from a name of plain text.

    A text that stands in its error is found there (`tests.support.messages.keywords`).
    """
    plain, found = _plain(module), []
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and node.args and hasattr(errors, ast.unparse(node.func)):
            said = node.args[0]
            for each in (said.body, said.orelse) if isinstance(said, ast.IfExp) else (said,):
                name = each.value if isinstance(each, ast.Subscript) else each
                if isinstance(each, ast.JoinedStr) or (isinstance(name, ast.Name) and name.id in plain):
                    found.append(ast.unparse(node))
    return found


@pytest.mark.parametrize(
    "code", ['raise Refused(f"{n} is wrong")', 'A = "wrong"\nraise Refused(A)', 'A = {1: "b"}\nraise Gone(A[1])']
)
def test_an_error_of_plain_words_is_found(code: str) -> None:
    assert len(_unmarked(ast.parse(code))) == 1


def test_errors_that_people_read_say_what_can_be_translated() -> None:
    found = {
        path.relative_to(resources.PACKAGE).as_posix(): wrong
        for path in resources.PACKAGE.rglob("*.py")
        if (wrong := _unmarked(ast.parse(path.read_text())))
    }

    assert {path: wrong for path, wrong in found.items() if not path.startswith(ENGLISH_ONLY)} == {}


def _messages(language: str) -> list[Message]:
    return [message for message in kept(language) if message.id]


@pytest.mark.parametrize("language", TRANSLATED)
def test_catalogues_know_what_is_said(language: str) -> None:
    """No sentence waits for `make messages`, which also takes out what nobody says any more."""
    known = {message.id if isinstance(message.id, str) else message.id[0] for message in _messages(language)}
    said = {message.id if isinstance(message.id, str) else message.id[0] for message in extracted() if message.id}

    assert sorted(said ^ known) == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_names_what_its_sentence_names(language: str) -> None:
    wrong = []
    for message in _messages(language):
        one, *rest = (message.id,) if isinstance(message.id, str) else message.id
        forms = (message.string,) if isinstance(message.string, str) else tuple(message.string)
        wanted, least = _named(" ".join([one, *rest])), _named(one) & _named(" ".join(rest) or one)
        for form in filter(None, forms):
            if not least - {"num"} <= _named(form) <= wanted or _elements(form) != _elements(one):
                wrong.append((one, form))

    assert wrong == []


def _named(text: str) -> set[str]:
    return set(re.findall(r"%\((\w+)\)s", text)) | set(re.findall(r"%[^(%]", text.replace("%%", "")))


def _elements(text: str) -> list[str]:
    return sorted(re.findall(r"<[^>]*>", text))


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_language_has_all_its_plural_forms(language: str) -> None:
    catalogue = read(resources.LOCALES, language)
    many = {message.id[0] for message in _messages(language) if message.pluralizable}
    forms = {"de": 2, "ja": 1}[language]

    assert {len(catalogue.forms[one]) for one in many if one in catalogue.forms} == {forms}
    assert {catalogue.plural(count) for count in range(200)} == set(range(forms))


@pytest.mark.parametrize("language", TRANSLATED)
def test_nine_of_ten_sentences_are_translated(language: str) -> None:
    """So that a page is not half in one language; the rest is English until somebody knows better."""
    messages = _messages(language)

    done = [one for one in messages if all((one.string,) if isinstance(one.string, str) else one.string)]

    assert len(done) >= 0.9 * len(messages)
