#!/bin/sh
# hash-files.sh DIR PATH...: SHA-256 of each file at or below these paths in DIR, for finding out whether any has changed.
set -eu
cd "$1"
shift
find "$@" -type f ! -name '*.pyc' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
