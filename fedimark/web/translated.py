"""PURE. Templates in one language: their sentences are looked up when a template is compiled, never when it is drawn.

Jinja's i18n extension makes calls of `gettext` and `ngettext` of what templates mark. Here these calls become the words
themselves, with the values where they stand: a page in German is drawn by the same code as one in English.
"""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any

from jinja2 import Environment, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.exceptions import TemplateSyntaxError
from jinja2.runtime import Context
from jinja2.visitor import NodeTransformer
from markupsafe import Markup, escape

from fedimark.language.catalogue import ENGLISH, Catalogue

_INDENT = re.compile(r"\n[ \t]+")
# What stands on a line of its own in a page, so that white space around its tags is not shown.
_BLOCK = (
    "article|aside|details|div|dl|dt|dd|fieldset|footer|form|h[1-6]|header|li|link|main|meta|nav|ol|p|script|section"
    "|summary|ul"
)
_BEFORE = re.compile(rf"\s*\n\s*(?=</?(?:{_BLOCK})[\s>])")
_AFTER = re.compile(rf"(</?(?:{_BLOCK})(?:\s[^<>]*)?>)\s*\n\s*")
_QUOTED = re.compile(r"""(\s[\w-]+=)"([^\s"'=<>`]*[^\s"'=<>`/])"(?=[\s>])""")
_TOLD_APART = re.compile("[&<>'\"]")
_VALUE = re.compile(r"%\((\w+)\)s")


def squeezed(html: str) -> str:
    """HTML that says the same in fewer bytes: `<li class="a">` … `</li>` is `<li class=a>` …

    What HTML lets one leave out: new lines around what stands on lines of its own, the end of list items, which the
    next one or the end of the list says, and quotes around values that need none. `html` may be a part of a page, but
    holds no values of others. No template has text whose new lines count.
    """
    html = _AFTER.sub(r"\1", _BEFORE.sub("", html)).replace("</li>", "")
    return _QUOTED.sub(r"\1\2", html)


def quoted(value: object) -> str:
    """A value as it stands in a page, as `escape` writes it, but plain text: making a `Markup` of each costs most."""
    if type(value) is Markup or (type(value) is str and not _TOLD_APART.search(value)):
        return value
    return escape(value)


class _Written(CodeGenerator):
    """Templates as Python, in which `quoted` stands where Jinja writes `escape`: a page is joined from plain texts."""

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        self.write("environment.quoted(")


class _Drawn(Context):
    """A page as it is drawn: nothing it calls asks for the page itself, so nobody looks whether it does."""

    def call(
        self, called: Any, /, *args: Any, _loop_vars: object = None, _block_vars: object = None, **named: Any
    ) -> Any:
        return called(*args, **named)


class Templates(Environment):
    """The templates in one language, which is its `catalogue`."""

    code_generator_class = _Written
    context_class = _Drawn
    quoted = staticmethod(quoted)

    def __init__(self, catalogue: Catalogue, **options: Any) -> None:
        super().__init__(extensions=["jinja2.ext.i18n"], **options)
        self.catalogue = catalogue
        self.policies["ext.i18n.trimmed"] = True
        self.newstyle_gettext = True
        self.globals["plural_form"] = catalogue.plural
        self.globals["plural_form_en"] = ENGLISH.plural

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """What every template may name, as one dict: each `from … import` of each page compares its keys."""
        return {**self.globals, **(d or {})}

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        # How a template is indented is for who writes it.
        source = _INDENT.sub("\n", source)
        tree: nodes.Template = _Translate(self.catalogue).visit(super()._parse(source, name, filename))
        return tree


class _Translate(NodeTransformer):
    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue

    def visit_TemplateData(self, node: nodes.TemplateData) -> nodes.TemplateData:
        """Leave out of a page what only its author reads."""
        node.data = squeezed(node.data)
        return node

    def visit_Output(self, node: nodes.Output) -> nodes.Output:
        """Let the parts of a sentence be parts of the page, for that is what costs least to draw."""
        self.generic_visit(node)
        flat: list[nodes.Expr] = []
        for each in node.nodes:
            flat.extend(each.nodes if isinstance(each, nodes.Concat) else [each])
        node.nodes = flat
        return node

    def visit_Call(self, node: nodes.Call) -> nodes.Expr:
        """Put words in place of a call that asks for them."""
        self.generic_visit(node)
        kind = node.node.name if isinstance(node.node, nodes.Name) else ""
        if kind not in ("_", "gettext", "ngettext", "pgettext"):
            return node
        texts = [each.value for each in node.args[:2] if isinstance(each, nodes.Const)]
        values: dict[str, nodes.Expr] = {each.key: each.value for each in node.kwargs}
        if kind == "pgettext" and len(texts) == 2:
            return self._words(self.catalogue.text(texts[1], texts[0]), values, node.lineno)
        if kind != "ngettext":
            if len(texts) != 1:
                raise TemplateSyntaxError("a sentence must stand there as it is", node.lineno)
            return self._words(self.catalogue.text(texts[0]), values, node.lineno)
        if len(texts) != 2 or len(node.args) != 3:
            raise TemplateSyntaxError("both forms must stand there as they are", node.lineno)
        return self._counted(texts[0], texts[1], node.args[2], values, node.lineno)

    def _counted(
        self, one: str, many: str, count: nodes.Expr, values: dict[str, nodes.Expr], lineno: int
    ) -> nodes.Expr:
        number = nodes.Filter(count, "number", [], [], None, None, lineno=lineno)
        values = {name: number if value == count else value for name, value in values.items()}
        values.setdefault("num", number)
        forms = [self._words(text, values, lineno) for text in self.catalogue.forms.get(one, (one, many))]
        found = forms[-1]
        name = nodes.Name("plural_form" if one in self.catalogue.forms else "plural_form_en", "load", lineno=lineno)
        for index in range(len(forms) - 2, -1, -1):
            call = nodes.Call(name, [count], [], None, None, lineno=lineno)
            test = nodes.Compare(call, [nodes.Operand("eq", nodes.Const(index))], lineno=lineno)
            found = nodes.CondExpr(test, forms[index], found, lineno=lineno)
        return found

    def _words(self, text: str, values: dict[str, nodes.Expr], lineno: int) -> nodes.Expr:
        """A sentence, whose text is HTML, around its values."""
        parts: list[nodes.Expr] = []
        for index, piece in enumerate(_VALUE.split(text)):
            if index % 2:
                if piece not in values:
                    raise TemplateSyntaxError(f"nothing is given for {piece}", lineno)
                parts.append(values[piece])
            elif piece:
                parts.append(nodes.Const(Markup(squeezed(piece.replace("%%", "%"))), lineno=lineno))  # noqa: S704 - our own
        return parts[0] if len(parts) == 1 else nodes.Concat(parts, lineno=lineno)
