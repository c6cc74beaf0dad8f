"""NodeInfo 2.0 and 2.1, and host-meta: what this server is, and where WebFinger stands. (FEP-f1d5, RFC 6415)"""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

from starlette.requests import Request
from starlette.responses import Response

from fedimark import __version__, addresses
from fedimark.accounts import registration
from fedimark.activitypub.queries import usage
from fedimark.activitypub.responses import document
from fedimark.addresses import absolute
from fedimark.errors import NotFound
from fedimark.here import here
from fedimark.text.trackers import TRACKERS_VERSION
from fedimark.text.urls import CANONICAL_VERSION
from fedimark.vocab.terms import AS, JRD_JSON, Doc

SOFTWARE = "fedimark"
VERSIONS = ("2.0", "2.1")
_SCHEMA = "http://nodeinfo.diaspora.software/ns/schema/"


async def get_links(request: Request) -> Response:
    """`GET /.well-known/nodeinfo`; also leads to the instance actor (FEP-2677)."""
    links = [{"rel": f"{_SCHEMA}{version}", "href": absolute(addresses.nodeinfo(version))} for version in VERSIONS]
    actor = {"rel": f"{AS}#Application", "href": absolute(addresses.INSTANCE_ACTOR)}
    return document(request, {"links": [*links, actor]}, media_type="application/json")


async def get_nodeinfo(request: Request) -> Response:
    """`GET /nodeinfo/{version}`"""
    version = request.path_params["version"]
    if version not in VERSIONS:
        raise NotFound
    return document(
        request,
        await _nodeinfo(version),
        media_type=f'application/json; profile="{_SCHEMA}{version}#"',
    )


async def get_host_meta(request: Request) -> Response:
    """`GET /.well-known/host-meta`, as XML; older servers look here for the way to WebFinger."""
    template = absolute("/.well-known/webfinger") + "?resource={uri}"
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">'
        f'<Link rel="lrdd" type="{JRD_JSON}" template={quoteattr(template)}/></XRD>\n'
    )
    return Response(text, media_type="application/xrd+xml")


async def _nodeinfo(version: str) -> Doc:
    software: Doc = {"name": SOFTWARE, "version": __version__}
    if version == "2.1":
        software["homepage"] = here().settings.base_url
    counted = await usage()
    return {
        "version": version,
        "software": software,
        "protocols": ["activitypub"],
        "services": {"inbound": [], "outbound": []},
        "openRegistrations": await registration.mode() == "open",
        "usage": {
            "users": {
                "total": counted["people"],
                "activeMonth": counted["month"],
                "activeHalfyear": counted["half_year"],
            },
            "localPosts": counted["bookmarks"],
            "localComments": 0,
        },
        "metadata": {
            "nodeName": here().settings.handles_at,
            "features": ["bookmarks"],
            # So that a peer knows whether its canonical URLs are ours.
            # Where the actor of a tag is found, without a look-up.
            "tagActorTemplate": absolute("/t/{tag}"),
            "canonicalUrls": {"version": CANONICAL_VERSION, "trackers": TRACKERS_VERSION},
        },
    }
