"""A C compiler for Xtensa with register windows (ESP32, ESP32-S2, ESP32-S3), made of LLVM's tools and called as GCC is.

For native modules without Espressif's compiler: MicroPython's py/dynruntime.mk finds it as bin/xtensa-esp32-elf-gcc.
LLVM's Xtensa back end is young, so a source takes the long way:

    clang -emit-llvm  >  fix_ir.py  >  llc -S  >  llvm-mc  >  fix_object.py

By default there is no floating-point unit, as on an ESP32-S2, so that a module that computes no floats runs on all
three chips. -mhard-float is for what does compute some. --gnu-ld leaves an object as GNU ld wants it.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import fix_ir
import fix_object
import narrow

VERSION = "22"  # of LLVM: the defects that are worked around here are this one's
HERE = Path(__file__).resolve().parent
RUNTIME = HERE.parents[1] / "build/toolchain/xtensawin/libgcc.a"

# What all three chips have, and QEMU's de233_fpu too: without mul32high, which that lacks.
FEATURES = ["windowed", "density", "mul32", "mul16", "nsa", "sext", "minmax", "div32", "exception"]
FPU = ["fp", "bool"]

# Not for clang. Code is position-independent without -fpic: addresses come from literals, which mpy_ld.py puts into
# its GOT.
IGNORED = {"-fpic", "-fPIC", "-mlongcalls", "-mtext-section-literals", "-mhard-float", "--gnu-ld"}
# What clang would make of loops has no functions in a module; GCC calls that -fno-tree-loop-distribute-patterns.
IGNORED |= {"-fno-tree-loop-distribute-patterns", "-fno-tree-scev-cprop"}
LOOPS_STAY = ["-fno-builtin-memset", "-fno-builtin-strlen"]

# clang's -Os gives up less speed for size than GCC's does.
RENAMED = {"-Os": "-Oz"}

# GNU as does it by default: narrow.py.
NARROW = "-Wa,--transform"

# What llc calls GCC's options that leave loops as they are written.
LOOPS = {"-fno-ivopts": "-disable-lsr", "-fno-move-loop-invariants": "-disable-machine-licm"}

# Literals come first in an object, and aligned, which neither clang nor llc sees to: l32r reaches no others.
PREAMBLE = '\t.section .literal,"ax",@progbits\n\t.p2align 2\n\t.text\n'


def main(arguments: list[str]) -> int:
    features = FEATURES + (FPU if "-mhard-float" in arguments else [])
    known = query(arguments)
    if known is not None:
        print(known)
        return 0
    flags = [RENAMED.get(a, a) for a in arguments if a not in IGNORED and a not in LOOPS]
    loops = [LOOPS[a] for a in arguments if a in LOOPS]
    try:
        if "-E" in flags:
            return subprocess.call([*clang(features), *flags])
        elif "-c" in flags:
            compile_one(flags, features, loops, natmod="--gnu-ld" not in arguments)
        else:
            print(f"{sys.argv[0]}: only -c and -E are supported", file=sys.stderr)
            return 1
    except subprocess.CalledProcessError as error:
        return error.returncode or 1
    except fix_object.UnknownObject as error:
        print(f"{sys.argv[0]}: {error}", file=sys.stderr)
        return 1
    return 0


def query(arguments: list[str]) -> str | None:
    """Answer to what dynruntime.mk asks a compiler."""
    for argument in arguments:
        option, _, value = argument.lstrip("-").partition("=")
        if option == "dumpmachine":
            return "xtensa-esp32-elf"
        if option == "print-libgcc-file-name":
            return str(RUNTIME)
        if option == "print-file-name":
            return value  # as GCC does for a file that it does not know
        if option == "version":
            return run([f"clang-{VERSION}", "--version"]).splitlines()[0]
    return None


def compile_one(flags: list[str], features: list[str], loops: list[str], natmod: bool) -> None:
    """Make an object of the one source among the flags. loops: for llc. natmod: for mpy_ld.py."""
    flags = [f for f in flags if f != "-c"]
    sources = [f for f in flags if f.endswith((".c", ".s"))]
    if len(sources) != 1 or "-o" not in flags:
        raise SystemExit(f"{sys.argv[0]}: expected one source, .c or .s, and -o")
    at = flags.index("-o")
    output = Path(flags[at + 1])
    del flags[at : at + 2]
    if sources[0].endswith(".c"):
        # The dependency file's target is the object, not the IR.
        target = ["-MT", str(output)] if "-MD" in flags else []
        ir = run([*clang(features), *flags, *target, "-S", "-emit-llvm", "-o", "-"])
        llc = [f"llc-{VERSION}", "-O2", "-mtriple=xtensa", attributes(features), "-relocation-model=static"]
        assembly = run([*llc, "--frame-pointer=none", *loops, "-o", "-", "-"], fix_ir.fix(ir))
        if NARROW in flags:
            assembly = narrow.narrow(assembly)
    else:
        assembly = Path(sources[0]).read_text()
    mc = [f"llvm-mc-{VERSION}", "-triple=xtensa", attributes(features), "-filetype=obj", "-o", "-", "-"]
    made = subprocess.run(mc, input=(PREAMBLE + assembly).encode(), stdout=subprocess.PIPE, check=True).stdout
    output.write_bytes(fix_object.fix(made, output.stem) if natmod else made)


def clang(features: list[str]) -> list[str]:
    """Command of the front end, which sees this folder's headers and none of the host's."""
    command = [f"clang-{VERSION}", "--target=xtensa", "-nostdlibinc", "-isystem", str(HERE / "include")]
    for feature in features:
        command += ["-Xclang", "-target-feature", "-Xclang", f"+{feature}"]
    return [*command, *LOOPS_STAY, "-fomit-frame-pointer", "-fno-jump-tables", "-Wno-unused-command-line-argument"]


def attributes(features: list[str]) -> str:
    return "-mattr=" + ",".join(f"+{f}" for f in features)


def run(command: list[str], text: str | None = None) -> str:
    return subprocess.run(command, input=text, stdout=subprocess.PIPE, text=True, check=True).stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
