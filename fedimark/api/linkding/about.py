"""What an app asks before anything else: what stands here, in which version, and what its person chose."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fedimark import addresses
from fedimark.accounts.tokens import Bearer
from fedimark.api.linkding import shapes
from fedimark.doorway.paths import asked_for


async def get_root(request: Request, who: Bearer) -> Response:
    """`GET /api/`: where everything is."""
    base = addresses.absolute(asked_for(request.scope).partition("?")[0].rstrip("/"))
    return JSONResponse({name: f"{base}/{name}/" for name in ("bookmarks", "tags", "bundles")})


async def get_profile(request: Request, who: Bearer) -> Response:
    """`GET /api/user/profile/`"""
    viewer = who.viewer
    return JSONResponse(shapes.profile(theme=viewer.theme, may_share=not viewer.privacy_lock))


async def get_health(request: Request) -> Response:
    """`GET /health`: a linkding that is new enough; whether this server is well, `/readyz` says."""
    return JSONResponse({"version": shapes.VERSION, "status": "healthy"})
