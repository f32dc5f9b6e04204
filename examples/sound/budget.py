"""What the classifier takes of a small Cortex-M0, emulated: flash and RAM in C, heap and instructions in MicroPython.

In C, it is linked for 4 kB of RAM, and says of each second of sound.wav what the PC says.
"""

import re
import subprocess
import sys
import wave

import numpy as np
from data import HERE, OUT

import emlearn

ROOT = HERE.parents[1]
sys.path.append(str(ROOT / "firmware_tests"))

from boards import ABI, packages  # noqa: E402
from boards.cortex_m0 import MACHINE  # noqa: E402
from ports.qemu.session import Session  # noqa: E402

FLASH, RAM = 32 << 10, 4 << 10  # bytes
STACK = 1 << 10  # at least
SECONDS = 120
CLOCK = 48_000_000  # Hz, of a small Cortex-M0
COMPILE = f"arm-none-eabi-gcc -std=c99 -Os -ffp-contract=off -ffunction-sections -fdata-sections {MACHINE.cpu_flags}"
WARNINGS = "-pedantic -Wall -Wextra -Wconversion -Wdouble-promotion -Werror"
LINK = f"-nostartfiles -Wl,--gc-sections,--defsym=ram_size={RAM},--defsym=stack_size={STACK}"

PUSHES = 125  # of 256 samples: 4 seconds
COUNT = f"""
from array import array
from emulator import count
import emlfeatures
model = emlfeatures.load("sound.eml")
samples = array("h", bytes(512))
costs = []
with open("sound.wav", "rb") as sound:
    sound.read(44)
    for _ in range({PUSHES}):
        sound.readinto(samples)
        costs.append(count(model.push, samples)[0])
costs.sort()
print("most", costs[-1])
print("median", costs[{PUSHES // 2}])
print("total", sum(costs))
"""


def main():
    found = in_c()
    labels = (OUT / "sound.txt").read_text().split()
    same = sum(a == b for a, b in zip(found["labels"], labels, strict=True))
    print(f"C on a Cortex-M0, {same}/{len(labels)} labels as on the PC")
    print(f"   flash  {found['flash']:6,} bytes of {FLASH:,}: code {found['code']:,}, tables {found['tables']:,}")
    print(f"   RAM    {found['ram']:6,} bytes of {RAM:,}: statics {found['statics']:,}, stack {found['stack']:,}")
    board = in_micropython()
    print("MicroPython on a Cortex-M0")
    print(f"   heap   {board['modules']:,} bytes for modules, {board['model']:,} for the model, {board['push']} a push")
    share = board["total"] / (PUSHES * 256 / 8000) / CLOCK
    print(f"   {board['median']:,} instructions a frame of 32 ms, {board['most']:,} with the model")
    print(f"   {share:.1%} of 48 million instructions a second")
    good = same == len(labels) and found["flash"] <= FLASH and found["ram"] <= RAM
    good = good and board["model"] <= RAM and board["push"] == 0
    return None if good else "Not as it should be: other labels, beyond the budget, or a push that allocates."


def in_c():
    """Bytes, and what it says to each window of sound.wav."""
    with wave.open(str(OUT / "board" / "sound.wav")) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    numbers = "\n".join(",".join(map(str, row)) + "," for row in samples.reshape(-1, 80))
    (OUT / "windows.h").write_text(f"static const int16_t windows[{len(samples)}] = {{\n{numbers}\n}};\n")
    program = OUT / "budget.elf"
    start, script = ROOT / "export/tests/arm/start.c", ROOT / "firmware_tests/ports/qemu/cortex_m.ld"
    flags = [*COMPILE.split(), *WARNINGS.split(), *LINK.split(), f"-I{emlearn.includedir}", f"-I{OUT}", f"-I{HERE}"]
    output([*flags, "-o", program, HERE / "budget.c", start, "-T", script])
    console = ["-chardev", "stdio,id=console", "-semihosting-config", "enable=on,target=native,chardev=console"]
    command = ["qemu-system-arm", "-machine", MACHINE.qemu_name, *MACHINE.soc.qemu_options, "-display", "none"]
    *classes, stack = output([*command, "-monitor", "none", "-serial", "none", *console, "-kernel", program]).split()
    names = re.findall(r'^// class \d+: "(.*)"$', (OUT / "sound.h").read_text(), re.MULTILINE)
    listed = re.findall(r"^(\.\w+) +(\d+)", output(["arm-none-eabi-size", "-A", program]), re.MULTILINE)
    sizes = {name: int(size) for name, size in listed}
    code, data = sizes[".vectors"] + sizes[".code"], sizes.get(".data", 0)
    tables = sizes[".const"] - samples.nbytes  # the windows are the microphone's
    statics = data + sizes[".bss"]
    return {
        "labels": [names[int(each, 16)] for each in classes],
        "code": code,
        "tables": tables,
        "flash": code + tables + data,
        "statics": statics,
        "stack": int(stack, 16),
        "ram": statics + int(stack, 16),
    }


def in_micropython():
    """What measure.py and COUNT print."""
    folder = ROOT / "dist" / f"{MACHINE.arch}_{ABI}"
    modules = {part for name in ("emlfeatures", "emllinear") for part in packages()[name]}
    found = {}
    with Session(MACHINE, count_instructions=True) as board:
        board.copy({f"{name}.mpy": (folder / f"{name}.mpy").read_bytes() for name in sorted(modules)})
        board.fetch({name: (OUT / "board" / name).read_bytes() for name in ("sound.eml", "sound.wav")})
        for script in ((HERE / "measure.py").read_text(), COUNT):
            board.reset()
            said = board.run(script, SECONDS)
            try:
                found |= {name: int(value) for name, value in (line.split() for line in said.splitlines())}
            except ValueError:
                sys.exit(f"{MACHINE.name}:\n{said}")
    return found


def output(command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS)
    if done.returncode:
        sys.exit(f"{command[0]} failed:\n{done.stdout[-1000:]}{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
