"""C for a bare Cortex-M0 in QEMU: what it takes of flash and RAM, and what it says."""

import re
import subprocess
import sys
from pathlib import Path

import emlearn

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "firmware_tests"))

from boards.cortex_m0 import MACHINE  # noqa: E402

SECONDS = 120
FLAGS = "-std=c99 -Os -ffp-contract=off -ffunction-sections -fdata-sections -Wl,--gc-sections"
WARNINGS = "-pedantic -Wall -Wextra -Wconversion -Wdouble-promotion -Werror"


def build(program, source, includes, ram, stack):
    """Compile, and link for so many bytes of RAM, of which the stack has `stack` at least; return sections' sizes."""
    start, script = ROOT / "export/tests/arm/start.c", ROOT / "firmware_tests/ports/qemu/cortex_m.ld"
    folders = [f"-I{folder}" for folder in (emlearn.includedir, *includes)]
    link = ["-nostartfiles", f"-Wl,--defsym=ram_size={ram},--defsym=stack_size={stack}", "-T", script]
    flags = [*FLAGS.split(), *MACHINE.cpu_flags.split(), *WARNINGS.split(), *folders]
    output(["arm-none-eabi-gcc", *flags, "-o", program, source, start, *link])
    listed = re.findall(r"^(\.\w+) +(\d+)", output(["arm-none-eabi-size", "-A", program]), re.MULTILINE)
    return {name: int(size) for name, size in listed}


def run(program):
    """Return the words that it prints."""
    console = ["-chardev", "stdio,id=console", "-semihosting-config", "enable=on,target=native,chardev=console"]
    command = ["qemu-system-arm", "-machine", MACHINE.qemu_name, *MACHINE.soc.qemu_options, "-display", "none"]
    said = output([*command, "-monitor", "none", "-serial", "none", *console, "-kernel", program])
    return [int(word, 16) for word in said.split()]


def taken(sizes, stack, data):
    """Bytes of flash and RAM, by what they are for, without `data` bytes of constants, which a sensor would give."""
    code, tables = sizes[".vectors"] + sizes[".code"], sizes[".const"] - data
    statics = sizes.get(".data", 0) + sizes[".bss"]
    return {
        "code": code,
        "tables": tables,
        "flash": code + tables + sizes.get(".data", 0),
        "statics": statics,
        "stack": stack,
        "ram": statics + stack,
    }


def classes(header):
    """Labels by number, of generated C."""
    return re.findall(r'^// class \d+: "(.*)"$', Path(header).read_text(), re.MULTILINE)


def show(found, flash, ram):
    """Print what is taken of so many bytes."""
    print(f"   flash  {found['flash']:6,} bytes of {flash:,}: code {found['code']:,}, tables {found['tables']:,}")
    print(f"   RAM    {found['ram']:6,} bytes of {ram:,}: statics {found['statics']:,}, stack {found['stack']:,}")


def output(command):
    """What a command prints; the end of everything if it fails."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS)
    if done.returncode:
        sys.exit(f"{command[0]} failed:\n{done.stdout[-1000:]}{done.stderr[:2000]}")
    return done.stdout
