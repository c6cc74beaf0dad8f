"""linkding's REST API, as its apps and extensions speak it. (docs/linkding.md)"""

from fedimark.api.linkding import about, assets, bookmarks, bundles, tags

__all__ = ["about", "assets", "bookmarks", "bundles", "tags"]
