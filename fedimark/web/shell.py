"""What browsers and telephones ask of a site besides its pages: how it is installed, searched from, shared to."""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fedimark import addresses
from fedimark.here import here
from fedimark.text import shared
from fedimark.web.respond import onward

_A_DAY = {"cache-control": "public, max-age=86400"}
_SHORTCUTS = (("Add", "/add"), ("Network", "/network"), ("Search", "/search"), ("Recent", "/recent"))


async def get_manifest(request: Request) -> Response:
    """The web app manifest: what an installed fedimark is called, looks like, and takes from the share menu."""
    return JSONResponse(_manifest(), media_type="application/manifest+json", headers=_A_DAY)


async def get_open_search(request: Request) -> Response:
    """How a browser's own field searches here. (OpenSearch 1.1)"""
    name, base = escape(here().settings.handles_at), escape(here().settings.base_url)
    document = f"""<?xml version="1.0" encoding="UTF-8"?>
<OpenSearchDescription xmlns="http://a9.com/-/spec/opensearch/1.1/">
<ShortName>fedimark</ShortName>
<Description>Bookmarks on {name}</Description>
<InputEncoding>UTF-8</InputEncoding>
<Image width="16" height="16" type="image/svg+xml">{base}/static/mark.svg</Image>
<Url type="text/html" method="get" template="{base}/search?q={{searchTerms}}"/>
<Url type="application/opensearchdescription+xml" rel="self" template="{base}/opensearch.xml"/>
</OpenSearchDescription>
"""
    return Response(document, media_type="application/opensearchdescription+xml", headers=_A_DAY)


async def get_shared(request: Request) -> Response:
    """Where the share menu leads: on to the form, filled in with what was shared."""
    asked = request.query_params
    url, title, description = shared.read(asked.get("url", ""), asked.get("title", ""), asked.get("text", ""))
    return onward(addresses.add(url=url, title=title, description=description))


async def get_new(request: Request) -> Response:
    """`GET /bookmarks/new?url=&notes=&auto_close`: where what is made for linkding leads, on to the form.

    `notes` are the private note. Nothing is saved.
    """
    asked = request.query_params
    values = {name: asked.get(name, "") for name in ("url", "title", "description", "tags")}
    jump = "close" if "auto_close" in asked else ""
    return onward(addresses.add(**values, private_note=asked.get("notes", ""), jump=jump))


def _icon(name: str, sizes: str, purpose: str = "any") -> dict[str, Any]:
    kind = "image/svg+xml" if name.endswith(".svg") else "image/png"
    return {"src": f"/static/{name}", "sizes": sizes, "type": kind, "purpose": purpose}


def _manifest() -> dict[str, Any]:
    icons = [_icon("mark.svg", "any", "any"), _icon("mark-full.svg", "any", "maskable"), _icon("icon.png", "192x192")]
    return {
        "name": f"fedimark on {here().settings.handles_at}",
        "short_name": "fedimark",
        "description": "Pages kept and shared, on the fediverse.",
        "id": "/",
        "start_url": "/",
        "scope": "/",
        "display": "minimal-ui",
        "background_color": "#fcfcfa",
        "theme_color": "#0d6b62",
        "icons": icons,
        "shortcuts": [{"name": name, "url": href} for name, href in _SHORTCUTS],
        # A GET that opens the form: sharing never saves anything by itself.
        "share_target": {
            "action": "/add/shared",
            "method": "GET",
            "params": {"title": "title", "text": "text", "url": "url"},
        },
    }
