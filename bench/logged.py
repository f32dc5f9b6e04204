"""Instructions on an emulated Xtensa, which has no counter that a script could read.

The emulator's log has a line for each instruction, and one for each call of the system: instructions between two things
that a script prints can be counted from outside.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from models import ROOT

BINARY = ROOT / "build/firmware/xtensawin/firmware.elf"
LOG = ["-singlestep", "-strace", "-d", "exec,nochain", "-D", "/dev/stderr"]
INSTRUCTION, WRITE = b"Trace ", b" write(1,"


def between_lines(script, files, n_lines):
    """Instructions between the lines that a script prints, all of the same length."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in {**files, "script.py": script.encode()}.items():
            Path(folder, name).write_bytes(content)
        command = ["qemu-xtensa", *LOG, "-cpu", "de233_fpu", str(BINARY), "script.py"]
        running = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        counts, rest = [0], b""
        while block := running.stderr.read(1 << 20):
            *parts, rest = (rest + block).split(WRITE)
            for part in parts:
                counts[-1] += part.count(INSTRUCTION)
                counts.append(0)
            keep = rest[-16:]  # what may be the beginning of either word
            counts[-1] += rest.count(INSTRUCTION) - keep.count(INSTRUCTION)
            rest = keep
        printed = running.stdout.read().decode()
        if running.wait() or len(printed.splitlines()) != n_lines or len(counts) % n_lines != 1:
            sys.exit(f"xtensawin:\n{printed[-2000:]}")
    calls = len(counts) // n_lines  # for each line that is printed
    return [sum(counts[i : i + calls]) for i in range(1, len(counts), calls)][: n_lines - 1]
