"""PURE. The papers of a feed as BibTeX: those that arXiv, DOI or PubMed number. What nobody told us is not made up."""

from __future__ import annotations

import re

from fedimark.api.feeds.feed import Feed, FeedEntry, iri, moment
from fedimark.text.works import Paper, paper_of

_ESCAPES = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        # BibTeX counts braces, those after a backslash too.
        "{": r"\textbraceleft{}",
        "}": r"\textbraceright{}",
        "$": r"\$",
        "&": r"\&",
        "#": r"\#",
        "%": r"\%",
        "_": r"\_",
        "^": r"\textasciicircum{}",
        "~": r"\textasciitilde{}",
        "\n": " ",
        "\t": " ",
    }
)
_NO_KEY = re.compile(r"[^A-Za-z0-9.:/-]+")
# arXiv heads the titles of its pages with the paper's number.
_NUMBERED = re.compile(r"^\[[^\]]{1,20}\]\s+")


def bib(feed: Feed) -> str:
    """The document: one entry a paper, newest first; empty where there are none."""
    papers: dict[str, str] = {}
    for entry in feed.entries:
        paper = paper_of(entry.canonical)
        if paper is not None:
            papers.setdefault(entry.canonical, _paper(entry, paper))
    return "\n".join(papers.values())


def _paper(entry: FeedEntry, paper: Paper) -> str:
    fields = {
        "title": f"{{{_text(_NUMBERED.sub('', entry.title))}}}",
        **_numbers(paper),
        "url": _verbatim(entry.canonical),
        "urldate": moment(entry.published)[:10],
        "keywords": ", ".join(_text(tag) for tag in entry.tags),
    }
    written = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items() if value)
    return f"@misc{{{_NO_KEY.sub('-', f'{paper.kind}:{paper.id}')},\n{written}\n}}\n"


def _numbers(paper: Paper) -> dict[str, str]:
    match paper.kind:
        case "arxiv":
            return {"eprint": _verbatim(paper.id), "archiveprefix": "arXiv"}
        case "doi":
            return {"doi": _verbatim(paper.id)}
        case _:
            return {"eprint": _verbatim(paper.id), "eprinttype": paper.kind}


def _text(text: str) -> str:
    return text.translate(_ESCAPES)


def _verbatim(text: str) -> str:
    """What BibTeX takes as it stands: braces would end it, so they are percent-encoded."""
    return iri(text)
