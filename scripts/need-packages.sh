#!/bin/sh
# need-packages.sh PACKAGE...: installs those Debian packages that are missing.
#
# Needs root or password-less sudo for that; without either it prints the command to run and fails.
set -eu

missing=
for package in "$@"; do
    status=$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null || true)
    case $status in
        ii*) ;;
        *) missing="$missing $package" ;;
    esac
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
    echo "This machine has no apt. Install what these Debian packages hold, then try again:$missing" >&2
    exit 1
fi
if [ "$(id -u)" = 0 ]; then
    as_root=
elif sudo -n true 2>/dev/null; then
    as_root="sudo -n"
else
    echo "Packages are missing. Run this, then try again:" >&2
    echo "    sudo apt-get update && sudo apt-get install --no-install-recommends$missing" >&2
    exit 1
fi

# Where two of these run at once, as under make -j, the second waits: apt's own locks make it fail here and there.
exec 9<"$0"
flock 9

log=$(mktemp)
trap 'rm -f "$log"' EXIT
# The same for whoever else installs something.
apt() {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 "$@" >>"$log" 2>&1
}
install() {
    # shellcheck disable=SC2086 # a list of words
    apt install --no-install-recommends $missing
}
echo "Installing with apt:$missing"
# Package lists may be absent or out of date: refreshed once, and only if installing fails without.
install || { apt update && install; } || {
    cat "$log" >&2
    exit 1
}
