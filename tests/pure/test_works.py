"""Which addresses are one work."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedimark.text.urls import canonical
from fedimark.text.works import work_of

PAPER = "https://arxiv.org/abs/1803.01814"
OLD_PAPER = "https://arxiv.org/abs/math/0309136"
VIDEO = "https://www.youtube.com/watch?v=dQw4w9WgXcQ"
STUDY = "https://pubmed.ncbi.nlm.nih.gov/12345678/"
ARTICLE = "https://doi.org/10.1000/xyz123"

ONE_WORK = {
    "http://arxiv.org/pdf/1803.01814.pdf": PAPER,
    "https://arxiv.org/pdf/1803.01814v2": PAPER,
    "https://www.arxiv.org/abs/1803.01814v3": PAPER,
    "https://arxiv.org/html/1803.01814v1": PAPER,
    "https://export.arxiv.org/abs/1803.01814": PAPER,
    "https://arxiv.org/abs/1803.01814?utm_source=x": PAPER,
    "https://arxiv.org/pdf/math.GT/0309136v1.pdf": OLD_PAPER,
    "https://youtu.be/dQw4w9WgXcQ": VIDEO,
    "https://youtu.be/dQw4w9WgXcQ?si=abc&t=42": VIDEO,
    "https://m.youtube.com/watch?v=dQw4w9WgXcQ&feature=share": VIDEO,
    "https://www.youtube.com/watch?app=desktop&v=dQw4w9WgXcQ": VIDEO,
    "https://www.youtube.com/shorts/dQw4w9WgXcQ": VIDEO,
    "https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ": VIDEO,
    "https://music.youtube.com/watch?v=dQw4w9WgXcQ": VIDEO,
    "http://dx.doi.org/10.1000/XYZ123": ARTICLE,
    "https://doi.org/10.1000/xyz123#abstract": ARTICLE,
    "https://www.ncbi.nlm.nih.gov/pubmed/12345678": STUDY,
    "https://pubmed.ncbi.nlm.nih.gov/12345678": STUDY,
}
THEMSELVES = (
    "https://arxiv.org/",
    "https://arxiv.org/list/cs.LG/recent",
    "https://arxiv.org/abs/1803.01814/extra",
    "https://arxiv.org/a/somebody_1",
    "https://arxiv.org.evil.example/abs/1803.01814",
    "https://evil.example/arxiv.org/abs/1803.01814",
    "https://arxiv.org:8443/abs/1803.01814",
    "https://www.youtube.com/",
    "https://www.youtube.com/@somebody",
    "https://www.youtube.com/watch?v=short",
    "https://www.youtube.com/watch?v=dQw4w9WgXcQ&v=9bZkp7q19f0",
    "https://www.youtube.com/playlist?list=PL123",
    "https://www.youtube.com/embed/live_stream?channel=UCaaaaaaaaaaaaaaaaaaaaaa",
    "https://www.youtube.com/embed/videoseries",
    "https://www.youtube.com/embed/dQw4w9WgXcQ?playlist=9bZkp7q19f0",
    "https://youtu.be/",
    "https://doi.org/",
    "https://doi.org/about",
    "https://www.ncbi.nlm.nih.gov/pubmed/?term=cells",
    "https://www.ncbi.nlm.nih.gov/pmc/articles/PMC1234567/bin/table.csv",
    "https://example.org/abs/1803.01814",
    "javascript:alert(1)",
    "",
)


@pytest.mark.parametrize(("address", "work"), ONE_WORK.items())
def test_addresses_of_one_work_lead_to_it(address: str, work: str) -> None:
    assert work_of(canonical(address)) == work


@pytest.mark.parametrize("address", THEMSELVES)
def test_what_is_not_known_for_certain_stays_itself(address: str) -> None:
    assert work_of(canonical(address)) == canonical(address)


@pytest.mark.parametrize("work", sorted(set(ONE_WORK.values())))
def test_a_work_is_its_own(work: str) -> None:
    assert work_of(work) == work == canonical(work)


@given(st.text(max_size=60))
def test_no_address_breaks_it_and_twice_is_as_once(text: str) -> None:
    for address in (
        text,
        f"https://arxiv.org/abs/{text}",
        f"https://doi.org/10.1000/{text}",
        f"https://youtu.be/{text}",
        f"https://youtube.com/playlist?list={text}",
        f"https://www.ncbi.nlm.nih.gov/pmc/articles/PMC1{text}",
    ):
        once = work_of(canonical(address))

        assert work_of(once) == once
