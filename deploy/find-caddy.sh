#!/bin/sh
# The Caddyfile is tested with Debian's Caddy: installs it when it is missing and we may.
set -eu
if command -v caddy >/dev/null; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing caddy for the tests of deploy …"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends caddy >/dev/null
else
    echo "caddy is not installed: its tests will be skipped" >&2
fi
