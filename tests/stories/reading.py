"""Reading an answered page as a browser does: its elements, its words, its forms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx

_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)
FIELDS = frozenset({"input", "textarea", "select", "button"})


@dataclass(slots=True)
class Element:
    """One element: its name, its attributes in their order, what stands in it, and what it stands in."""

    name: str
    attributes: tuple[tuple[str, str], ...]
    within: Element | None
    content: list[Element | str] = field(default_factory=list)

    def get(self, name: str) -> str:
        """An attribute, empty when it is not there."""
        return dict(self.attributes).get(name, "")

    def has(self, name: str) -> bool:
        """Whether an attribute is there at all."""
        return name in dict(self.attributes)

    @property
    def classes(self) -> list[str]:
        """The words of `class`."""
        return self.get("class").split()

    @property
    def text(self) -> str:
        """Its words, with a new line for every `<br>`."""
        if self.name == "br":
            return ""
        return "".join(part if isinstance(part, str) else part.text for part in self.content)

    def walk(self) -> Iterator[Element]:
        """Every element below it, in the order of the page."""
        for part in self.content:
            if isinstance(part, Element):
                yield part
                yield from part.walk()

    def all(self, name: str = "", kind: str = "") -> list[Element]:
        """The elements of a name, of a class, or of both."""
        return [e for e in self.walk() if (not name or e.name == name) and (not kind or kind in e.classes)]

    def one(self, name: str = "", kind: str = "") -> Element:
        """The only element of a name and class."""
        found = self.all(name, kind)
        assert len(found) == 1, f"{len(found)} of <{name} class={kind}>"
        return found[0]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", (), None)
        self.now = self.root
        self.astray: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == self.now.name == "li":
            self.handle_endtag("li")  # the next one says so
        names = [name for name, _ in attrs]
        if len(set(names)) < len(names):
            self.astray.append(f"<{tag}> has an attribute twice")
        element = Element(tag, tuple((name, value or "") for name, value in attrs), self.now)
        self.now.content.append(element)
        if tag not in _VOID:
            self.now = element

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.now.name == "li" and tag in ("ul", "ol"):
            self.handle_endtag("li")
        if self.now.name != tag:
            self.astray.append(f"</{tag}> inside <{self.now.name}>")
            return
        assert self.now.within is not None
        self.now = self.now.within

    def handle_data(self, data: str) -> None:
        self.now.content.append(data)

    def handle_comment(self, data: str) -> None:
        self.astray.append(f"a comment: {data[:60]}")


class Reading(Element):
    """A whole page; `astray` names what is not well-formed."""

    __slots__ = ("astray",)

    def __init__(self, html: str) -> None:
        reader = _Reader()
        reader.feed(html)
        reader.close()
        super().__init__("", (), None, reader.root.content)
        self.astray = reader.astray + ([f"<{reader.now.name}> never ends"] if reader.now is not reader.root else [])

    @property
    def title(self) -> str:
        """What the tab says."""
        return self.one("head").one("title").text  # a drawing has some too

    @property
    def wrong(self) -> list[str]:
        """What the page says is wrong, beside its fields and above its form."""
        return [e.text for e in self.walk() if "wrong" in e.classes or e.get("role") == "alert"]

    def form(self, action: str) -> Form:
        """The form that is sent to an address, by itself or by a button that leads there; of several the first."""
        found = [e for e in self.all("form") if e.get("action") == action]
        if found:
            return Form(found[0])
        buttons = [e for e in self.all("button") if e.get("formaction") == action]
        assert buttons, f"no form leads to {action}: {[e.get('action') for e in self.all('form')]}"
        return self._sent_by(buttons[0])

    def button(self, name: str, about: str = "") -> Form:
        """The form that a button of a line sends, by its name and the path or address of the bookmark it is about."""
        buttons = [e for e in self.all("button") if e.get("name") == name]
        found = [
            e for e in buttons if e.get("value").removeprefix("-") in (about, about.rpartition("/")[2]) or not about
        ]
        assert found, f"no button marks {about} {name}: {[e.get('value') for e in buttons]}"
        return self._sent_by(found[0])

    def _sent_by(self, button: Element) -> Form:
        (form,) = (e for e in self.all("form") if e.get("id") == button.get("form"))
        return Form(form, button)

    def nameless(self) -> list[str]:
        """The fields that no label names."""
        labels = self.all("label")
        labelled = {label.get("for") for label in labels if label.has("for")}
        wrapped = {id(e) for label in labels for e in label.walk()}
        return [
            f"<{e.name} name={e.get('name')}>"
            for e in self.walk()
            if e.name in FIELDS - {"button"} and e.get("type") != "hidden" and not e.has("aria-hidden")
            if not e.get("aria-label") and e.get("id") not in labelled and id(e) not in wrapped
        ]


@dataclass(frozen=True, slots=True)
class Form:
    """A form as a person meets it."""

    element: Element
    button: Element | None = None  # which says something of its own, or leads elsewhere than its form

    @property
    def action(self) -> str:
        """Where it is sent."""
        return (self.button.get("formaction") if self.button else "") or self.element.get("action")

    def values(self) -> dict[str, str]:
        """What would be sent if nobody touched it, but for other buttons and files."""
        kept: dict[str, str] = {}
        for e in self.element.walk():
            kind = e.get("type")
            if e.name not in FIELDS or not e.get("name") or e.name == "button" or kind == "file":
                continue
            if kind in ("checkbox", "radio") and not e.has("checked"):
                continue
            kept[e.get("name")] = _value(e)
        return kept | ({self.button.get("name"): self.button.get("value")} if self.button else {})

    async def send(self, browser: httpx.AsyncClient, changes: Mapping[str, str] | None = None) -> httpx.Response:
        """Fill some fields in, press the button, and follow where it leads."""
        values = {**self.values(), **(changes or {})}
        return await browser.post(self.action, data=values, follow_redirects=True)


def _value(e: Element) -> str:
    if e.name == "textarea":
        return e.text.removeprefix("\n")
    if e.name == "select":
        options = e.all("option")
        chosen = [option for option in options if option.has("selected")] or options
        return chosen[0].get("value") if chosen[0].has("value") else chosen[0].text
    return e.get("value")
