"""A file is read in chunks, and however long it is, in the same memory."""

from __future__ import annotations

import io
import tracemalloc

from fedimark.importing.chunks import ROWS, chunks
from fedimark.importing.seen import MOST_IN_MEMORY

HEAD = "<!DOCTYPE NETSCAPE-Bookmark-file-1>\n<TITLE>Bookmarks</TITLE>\n<H1>Bookmarks</H1>\n<DL><p>\n"
SLACK_BYTES = 1_048_576


def bookmarks_of_a_browser(rows: int) -> io.BytesIO:
    """A file of so many bookmarks, each with an address of its own."""
    lines = (
        f'<DT><A HREF="https://example.org/{n}" ADD_DATE="1544637600" TAGS="sql,web">Page {n}</A>\n<DD>About {n}\n'
        for n in range(rows)
    )
    return io.BytesIO((HEAD + "".join(lines) + "</DL><p>\n").encode())


def test_a_file_that_is_three_times_as_long_takes_no_more_memory():
    # Given a file of more addresses than are remembered in memory, and a reader that keeps nothing of what it reads
    file = bookmarks_of_a_browser(3 * MOST_IN_MEMORY)
    peaks: list[int] = []
    rows = 0

    # When it is read to its end, and what it takes is measured at each third
    tracemalloc.start()
    try:
        for chunk in chunks(file):
            assert len(chunk.drafts) <= ROWS
            rows = chunk.ends_at
            if rows % MOST_IN_MEMORY == 0:
                peaks.append(tracemalloc.get_traced_memory()[1])
                tracemalloc.reset_peak()
    finally:
        tracemalloc.stop()

    # Then the last third took no more than the first; what spills into a file does so at the beginning of the second
    assert rows == 3 * MOST_IN_MEMORY
    assert max(peaks[1:]) <= peaks[0] + SLACK_BYTES, peaks
