#!/bin/sh
# The browser tests drive Debian's Chromium: installs it when it is missing and we may, with fonts for every script we show.
set -eu
if command -v chromium >/dev/null; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing chromium for the browser tests …"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-noto-core fonts-noto-cjk >/dev/null
else
    echo "chromium is not installed: the browser tests will be skipped" >&2
fi
