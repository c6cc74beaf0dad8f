"""One row of every format with everything in it that the format knows, and what is to be made of it."""

from __future__ import annotations

import json
from typing import Any

from fedimark.bookmarks.draft import Draft
from fedimark.policy.visibility import Visibility

URL = "https://example.org/a?b=1&c=2"
SECOND = 1_544_637_600_000_000  # 2018-12-12T18:00:00Z
TAGS = ("sql", "neural-net")
FOLDER = "Old-things"


def as_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def draft(**said: Any) -> Draft:
    """A Draft that says what every sample says, and more."""
    return Draft(**{"url": URL, "title": "Über SQL", "saved_at": SECOND} | said)


FULL = draft(tags=TAGS, description="two\nlines")

NETSCAPE = """<!DOCTYPE NETSCAPE-Bookmark-file-1>
<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=UTF-8">
<TITLE>Bookmarks</TITLE>
<H1>Bookmarks</H1>
<DL><p>
    <DT><H3 ADD_DATE="1">Old things</H3>
    <DL><p>
        <DT><A HREF="https://example.org/a?b=1&amp;c=2" ADD_DATE="1544637600" PRIVATE="0" TOREAD="1"
 TAGS="sql,neural net,linkding:bookmarks.archived" DATA-IMPORTANT="true">Über SQL</A>
        <DD>two
lines[linkding-notes]a *note*[/linkding-notes]
    </DL><p>
</DL><p>
""".encode()

POCKET_HTML = """<!DOCTYPE html>
<html><head><title>Pocket Export</title></head><body>
<h1>Unread</h1>
<ul><li><a href="https://example.org/a?b=1&amp;c=2" time_added="1544637600" tags="sql,neural net">Über SQL</a></li></ul>
</body></html>
""".encode()

PINBOARD_XML = """<?xml version="1.0" encoding="UTF-8" ?>
<posts user="ana"><post href="https://example.org/a?b=1&amp;c=2" time="2018-12-12T18:00:00Z" description="Über SQL"
 extended="two&#10;lines" tag="sql neural-net" hash="0" meta="0" shared="no" toread="yes" /></posts>
""".encode()

PINBOARD_JSON = as_json(
    [
        {
            "href": URL,
            "description": "Über SQL",
            "extended": "two\nlines",
            "meta": "0",
            "hash": "0",
            "time": "2018-12-12T18:00:00Z",
            "shared": "no",
            "toread": "yes",
            "tags": "sql neural-net",
        }
    ]
)

DELICIOUS_JSON = as_json(
    [
        {
            "title": "Über SQL",
            "tags": ["sql", "neural net"],
            "url": URL,
            "description": "two\nlines",
            "created": "1544637600",
            "others": 9,
            "owner": "ana",
            "private": "1",
        }
    ]
)

FIREFOX = as_json(
    {
        "guid": "root________",
        "title": "",
        "typeCode": 2,
        "type": "text/x-moz-place-container",
        "root": "placesRoot",
        "children": [
            {
                "title": "menu",
                "type": "text/x-moz-place-container",
                "root": "bookmarksMenuFolder",
                "children": [
                    {
                        "title": "Old things",
                        "type": "text/x-moz-place-container",
                        "children": [
                            {
                                "title": "Über SQL",
                                "dateAdded": SECOND,
                                "tags": "sql,neural net",
                                "annos": [{"name": "bookmarkProperties/description", "value": "two\nlines"}],
                                "typeCode": 1,
                                "type": "text/x-moz-place",
                                "uri": URL,
                            },
                            {"title": "", "typeCode": 3, "type": "text/x-moz-place-separator"},
                            {"title": "Recent", "type": "text/x-moz-place", "uri": "place:sort=14"},
                        ],
                    }
                ],
            }
        ],
    }
)

CHROMIUM = as_json(
    {
        "checksum": "0",
        "roots": {
            "bookmark_bar": {
                "children": [
                    {
                        "children": [
                            {
                                "date_added": str(SECOND + 11_644_473_600_000_000),
                                "name": "Über SQL",
                                "type": "url",
                                "url": URL,
                            }
                        ],
                        "name": "Old things",
                        "type": "folder",
                    }
                ],
                "name": "Bookmarks bar",
                "type": "folder",
            },
            "other": {"children": [], "name": "Other", "type": "folder"},
        },
        "version": 1,
    }
)

LINKWARDEN = as_json(
    {
        "name": "Ana",
        "collections": [
            {
                "id": 3,
                "name": "Old things",
                "isPublic": False,
                "parentId": None,
                "links": [
                    {
                        "id": 7,
                        "name": "Über SQL",
                        "type": "url",
                        "description": "two\nlines",
                        "collectionId": 3,
                        "url": URL,
                        "importDate": "2018-12-12T18:00:00.000Z",
                        "createdAt": "2020-01-01T00:00:00.000Z",
                        "tags": [{"id": 1, "name": "sql"}, {"id": 2, "name": "neural net"}],
                    }
                ],
            }
        ],
        "pinnedLinks": [{"id": 7, "url": URL}],
    }
)

KARAKEEP = as_json(
    {
        "bookmarks": [
            {
                "createdAt": 1544637600,
                "title": "Über SQL",
                "tags": ["sql", "neural net"],
                "lists": ["l2"],
                "content": {"type": "link", "url": URL},
                "note": "a *note*",
                "archived": True,
            }
        ],
        "lists": [{"id": "l2", "name": "Old things", "type": "manual", "query": None, "parentId": None}],
    }
)

LINKDING_JSON = as_json(
    {
        "count": 1,
        "next": None,
        "results": [
            {
                "id": 1,
                "url": URL,
                "title": "Über SQL",
                "description": "two\nlines",
                "notes": "a *note*",
                "is_archived": True,
                "unread": True,
                "shared": False,
                "tag_names": ["sql", "neural-net"],
                "date_added": "2018-12-12T18:00:00.000000Z",
            }
        ],
    }
)

OMNIVORE = as_json(
    [
        {
            "id": "x",
            "slug": "uber-sql",
            "title": "Über SQL",
            "description": "two\nlines",
            "author": "",
            "url": URL,
            "state": "Active",
            "readingProgress": 12,
            "labels": ["sql", "neural net"],
            "savedAt": "2018-12-12T18:00:00.000Z",
        }
    ]
)

MASTODON = as_json(
    {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": "outbox.json",
        "type": "OrderedCollection",
        "totalItems": 3,
        "orderedItems": [
            {"type": "Announce", "object": "https://other.example/1"},
            {
                "type": "Create",
                "object": {
                    "id": "https://mastodon.example/users/ana/statuses/1",
                    "type": "Note",
                    "attributedTo": "https://mastodon.example/users/ana",
                    "content": f'<p>two<br>lines <a href="{URL.replace("&", "&amp;")}">Über SQL</a></p>',
                    "published": "2018-12-12T18:00:00Z",
                    "to": ["https://mastodon.example/users/ana/followers"],
                    "tag": [
                        {"type": "Hashtag", "name": "#sql", "href": "https://mastodon.example/tags/sql"},
                        {"type": "Hashtag", "name": "#neural-net", "href": "https://mastodon.example/tags/neural-net"},
                    ],
                },
            },
        ],
    }
)

RAINDROP = (
    "id,title,note,excerpt,url,folder,tags,created,cover,highlights,favorite\n"
    f'1,Über SQL,"two\nlines",,{URL},Old things,"sql, neural net",2018-12-12T18:00:00.000Z,,,true\n'
).encode()
POCKET = f"title,url,time_added,tags,status\nÜber SQL,{URL},1544637600,sql|neural net,unread\n".encode()
INSTAPAPER = (
    f"URL,Title,Selection,Folder,Timestamp,Tags\n"
    f'{URL},Über SQL,"two\nlines",Old things,1544637600,"[""sql"",""neural net""]"\n'
).encode()
READWISE = (
    "Title,URL,ID,Document tags,Saved date,Reading progress,Location,Seen\n"
    f"Über SQL,{URL},01gm,\"['sql', 'neural net']\",2018-12-12 18:00:00+00:00,0,later,True\n"
).encode()
MATTER = (
    "Title,Author,Publisher,URL,Tags,Word Count,In Queue,Favorited,Read,Highlight Count,Last Interaction Date,File Id\n"
    f"Über SQL,,,{URL},sql;neural net,120,True,True,False,0,2018-12-12 18:00:00,content_1.html\n"
).encode()
MYMIND = (
    "id,type,title,url,content,note,tags,created\n"
    f'x1,WebPage,Über SQL,{URL},"two\nlines",a *note*,"sql, neural net",2018-12-12T18:00:00Z\n'
).encode()
ADDRESSES = f"{URL}\nhttps://example.org/2\n".encode()

LINES = b'{"fedimark": "bookmarks", "version": 1}\n' + as_json(
    {
        "id": "abc",
        "url": URL,
        "title": "Über SQL",
        "description": "two\nlines",
        "private_note": "a *note*",
        "tags": ["sql", "neural-net"],
        "visibility": "followers",
        "to_read": True,
        "starred": True,
        "archived": True,
        "saved_at": "2018-12-12T18:00:00.000000Z",
        "via": "",
    }
)

_FOLDERED = {"tags": (*TAGS, FOLDER)}
_PRIVATE = {"visibility": Visibility.PRIVATE}
_NOTED = {"private_note": "a *note*", "archived": True}
_WORDS = {"description": "two\nlines"}

# By the name of the format: a file of one row, and the Draft that is made of it when folders are to be tags.
SAMPLES: dict[str, tuple[bytes, Draft]] = {
    "fedimark": (
        LINES,
        draft(**_WORDS, **_NOTED, tags=TAGS, to_read=True, starred=True, visibility=Visibility.FOLLOWERS),
    ),
    "Pocket HTML": (POCKET_HTML, draft(tags=TAGS, to_read=True)),
    "Netscape HTML": (
        NETSCAPE,
        draft(**_FOLDERED, **_WORDS, **_NOTED, to_read=True, starred=True, visibility=Visibility.PUBLIC),
    ),
    "Pinboard or Delicious XML": (PINBOARD_XML, draft(**_WORDS, **_PRIVATE, tags=TAGS, to_read=True)),
    "Firefox JSON": (FIREFOX, draft(**_FOLDERED, **_WORDS)),
    "Chromium’s Bookmarks": (CHROMIUM, draft(tags=(FOLDER,))),
    "Mastodon archive": (
        MASTODON,
        draft(description="two\nlines Über SQL", tags=TAGS, visibility=Visibility.FOLLOWERS),
    ),
    "Linkwarden JSON": (LINKWARDEN, draft(**_FOLDERED, **_WORDS, **_PRIVATE, starred=True)),
    "Karakeep JSON": (KARAKEEP, draft(**_FOLDERED, **_NOTED)),
    "linkding JSON": (LINKDING_JSON, draft(**_WORDS, **_NOTED, **_PRIVATE, tags=TAGS, to_read=True)),
    "Omnivore JSON": (OMNIVORE, draft(**_WORDS, tags=TAGS, to_read=True)),
    "Delicious JSON": (DELICIOUS_JSON, draft(**_WORDS, **_PRIVATE, tags=TAGS)),
    "Pinboard JSON": (PINBOARD_JSON, draft(**_WORDS, **_PRIVATE, tags=TAGS, to_read=True)),
    "Raindrop CSV": (RAINDROP, draft(**_FOLDERED, **_WORDS, starred=True)),
    "Pocket CSV": (POCKET, draft(tags=TAGS, to_read=True)),
    "Instapaper CSV": (INSTAPAPER, draft(**_FOLDERED, **_WORDS)),
    "Readwise CSV": (READWISE, draft(tags=TAGS, to_read=True)),
    "Matter CSV": (MATTER, draft(tags=TAGS, to_read=True, starred=True)),
    "mymind CSV": (MYMIND, draft(**_WORDS, private_note="a *note*", tags=TAGS)),
    "list of addresses": (ADDRESSES, Draft(url=URL, visibility=Visibility.PRIVATE)),
}
