"""What one site is: what one owner registered."""

from __future__ import annotations

import subprocess
import sys

import pytest

from fedimark.remote.sites import registrable_domain, same_site


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.example/1", "https://a.example/2"),
        ("https://a.example/1", "https://A.EXAMPLE./2"),
        ("https://a.example/1", "https://a.example:443/2"),
        ("https://a.example/1", "https://social.a.example/2"),
        ("https://x.a.example/1", "https://y.a.example/2"),
        ("https://deep.below.a.co.uk/1", "https://a.co.uk/2"),
        ("https://bücher.example/1", "https://api.xn--bcher-kva.example/2"),
        ("https://BÜCHER。example/1", "https://xn--bcher-kva.example/2"),
        ("https://www.ck/1", "https://a.www.ck/2"),
        ("http://127.0.0.1:1/1", "http://127.0.0.1:1/2"),
        ("http://localhost:1/1", "http://LOCALHOST:1/2"),
        ("https://[2001:db8::1]/1", "https://[2001:DB8:0::1]:443/2"),
        ("https://github.io/1", "https://github.io/2"),
    ],
)
def test_one_owner_is_one_site(one, other):
    assert same_site(one, other)
    assert same_site(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.github.io/1", "https://b.github.io/2"),
        ("https://a.github.io/1", "https://github.io/2"),
        ("https://a.co.uk/1", "https://b.co.uk/2"),
        ("https://a.co.uk/1", "https://co.uk/2"),
        ("https://a.x.ck/1", "https://b.y.ck/2"),
        ("https://a.xn--55qx5d.cn/1", "https://b.公司.cn/2"),
        ("https://a.example/1", "https://b.example/2"),
        ("https://a.example/1", "https://nota.example/2"),
        ("https://a.example/1", "https://а.example/2"),
        ("https://a.example/1", "http://a.example/2"),
        ("https://a.example/1", "https://a.example:8443/2"),
        ("https://a.example/1", "https://b.a.example:8443/2"),
        ("http://127.0.0.1:1/1", "http://127.0.0.1:2/2"),
        ("http://1.127.0.0.1/1", "http://127.0.0.1/2"),
        ("https://10.1.2.3/1", "https://11.1.2.3/2"),
        ("http://localhost/1", "http://a.localhost/2"),
        ("https://a/1", "https://b/2"),
        ("https://[2001:db8::1]/1", "https://[2001:db8::2]/2"),
        ("https://a.example/1", "https://a.example\\@b.example/2"),
        ("https://b.example/1", "https://a.example\\@b.example/2"),
        ("https://a.example/1", "https:///2"),
        ("https://", "https://"),
        ("a.example/1", "a.example/2"),
        ("ftp://a.example/1", "ftp://a.example/2"),
        ("https://[x/", "https://[x/"),
        ("https://a.example:x/", "https://a.example:x/"),
        ("", ""),
    ],
)
def test_neighbours_and_nonsense_are_no_site(one, other):
    assert not same_site(one, other)
    assert not same_site(other, one)


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("Deep.Below.A.Co.Uk.", "a.co.uk"),
        ("b.a.github.io:8443", "a.github.io"),
        ("https://x.bücher.example/path", "xn--bcher-kva.example"),
        ("co.uk", "co.uk"),
        ("localhost:8000", "localhost"),
        ("127.0.0.1:8000", "127.0.0.1"),
        ("[::1]:8000", "[::1]"),
        ("unheard.of.zzz", "of.zzz"),
        ("a..example", "a..example"),
        ("", ""),
    ],
)
def test_the_domain_somebody_registered(host, domain):
    assert registrable_domain(host) == domain


def test_the_list_is_read_by_nobody_who_does_not_ask():
    told = "import fedimark.remote.sites as s; print(s._suffixes.cache_info().currsize, end='')"
    asked = f"{told}; s.same_site('https://a.example', 'https://b.a.example'); {told}"

    seen = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True, timeout=60)

    assert seen.stdout == "01"
