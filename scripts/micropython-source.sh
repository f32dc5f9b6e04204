#!/bin/sh
# micropython-source.sh DIR: puts MicroPython's source into DIR, from Debian's source package.
#
# The machine's apt stays as it is: the private configuration here has its own source list, package lists and cache, and
# takes from the machine only the mirror. So it needs no root either. Where there is no Debian mirror, the submodule is
# fetched instead, and DIR becomes a link to it.
set -eu

[ $# = 1 ] || { echo "usage: $0 DIR" >&2; exit 2; }
dir=$1
wanted=1.26.1 # else the newest, from 1.26 on
suites="forky sid"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
root=$(cd "$(dirname "$0")/.." && pwd)

work=$(mktemp -d)
trap 'rm -rf "$work" "$dir.part"' EXIT
rm -rf "$dir.part"

# Mirrors and clocks that lag are no reason to fail: what is fetched is signed all the same.
private() {
    "$@" -q -o Acquire::Check-Valid-Until=false -o Acquire::Languages=none -o APT::Sandbox::User="$(id -un)" \
        -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=- -o Dir::Etc::PreferencesParts=- \
        -o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache"
}

from_debian() {
    [ -r "$keyring" ] && command -v apt-get >/dev/null || return 1
    # apt itself knows its sources, whatever the format of the files they are written in.
    mirror=$(apt-get indextargets --no-release-info --format '$(REPO_URI)' 'Created-By: Packages' | grep -m1 '/debian/*$') ||
        return 1
    mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/get"
    for suite in $suites; do
        echo "deb-src [signed-by=$keyring] $mirror $suite main"
    done >"$work/sources.list"

    echo "Fetching MicroPython's source package from Debian"
    private apt-get update >"$work/log" 2>&1 || { cat "$work/log" >&2; return 1; }
    versions=$(private apt-cache showsrc micropython | sed -n 's/^Version: //p' | sort -uV)
    version=$(echo "$versions" | grep -m1 "^$wanted+" || echo "$versions" | tail -n1)
    if ! dpkg --compare-versions "$version" ge 1.26; then
        echo "Debian offers MicroPython" $versions "and 1.26 is the oldest that will do" >&2
        return 1
    fi
    (cd "$work/get" && private apt-get source --download-only "micropython=$version") >"$work/log" 2>&1 ||
        { cat "$work/log" >&2; return 1; }

    command -v xz >/dev/null || "$root/scripts/need-packages.sh" xz-utils || return 1
    mkdir -p "$dir.part" || return 1
    # -m: make sees a new version by its date.
    tar -x -m -f "$work"/get/micropython_*.orig.tar.* -C "$dir.part" --strip-components=1 || return 1
    rm -rf "$dir" && mv "$dir.part" "$dir" || return 1
    echo "MicroPython $version is in $dir"
}

from_submodule() {
    echo "Fetching the submodule micropython/"
    GIT_TERMINAL_PROMPT=0 timeout 600 git -C "$root" submodule update --init --depth 1 micropython || return 1
    mkdir -p "$(dirname "$dir")"
    rm -rf "$dir"
    ln -s "$root/micropython" "$dir"
}

from_debian || from_submodule || {
    echo "MicroPython's source is missing. Either of these gives it:" >&2
    echo "    git submodule update --init micropython" >&2
    echo "    export MPY_DIR=/path/to/micropython   (1.26 or later)" >&2
    exit 1
}
