#!/bin/sh
# need-compilers.sh: installs what the tests compile with beside gcc, if missing: g++, valgrind, and clang with its sanitizers
# and libFuzzer.
set -eu
need=$(dirname "$0")/need-packages.sh

complete() {
    command -v g++ >/dev/null && command -v clang >/dev/null && command -v valgrind >/dev/null &&
        echo 'int LLVMFuzzerTestOneInput(const char *data, unsigned long n) { return data && n ? 0 : -1; }' |
        clang -x c -fsanitize=fuzzer,address,undefined -o /dev/null - 2>/dev/null
}

complete && exit 0
"$need" g++ clang valgrind
complete && exit 0
# The sanitizers' package is named after the version, except where clang brings them along.
"$need" "libclang-rt-$(clang -dumpversion | cut -d. -f1)-dev"
complete || { echo "clang cannot link -fsanitize=fuzzer,address,undefined" >&2; exit 1; }
