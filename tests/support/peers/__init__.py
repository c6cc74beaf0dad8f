"""Fake peers: other servers of the fediverse, each as its software behaves. `quirks.PEERS` is the table of them.

A peer is mostly data: what it accepts, when it verifies, how it writes its own documents (tests/wire). What it shares
with all others is one Starlette application (`peer`), verifiers of its own (`signing`) and a way to read strictly
(`strict`); how each software reads our documents stands in `microblogs`, `bookmark_servers` and `forums`.

`tests.rooms.peers` is another thing: a server that answers whatever a test tells it.
"""
