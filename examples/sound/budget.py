"""What the classifier takes of a small Cortex-M0, emulated: flash and RAM in C, heap and instructions in MicroPython.

In C, it is linked for 4 kB of RAM, and says of each second of sound.wav what the PC says.
"""

import sys
import wave

import numpy as np
from data import HERE, OUT

sys.path.append(str(HERE.parent))
import bare_metal  # noqa: E402
from bare_metal import MACHINE, ROOT  # noqa: E402
from boards import ABI, packages  # noqa: E402
from ports.qemu.session import Session  # noqa: E402

FLASH, RAM = 32 << 10, 4 << 10  # bytes
STACK = 1 << 10  # at least
SECONDS = 120
CLOCK = 48_000_000  # Hz, of a small Cortex-M0

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
    bare_metal.show(found, FLASH, RAM)
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
    sizes = bare_metal.build(program, HERE / "budget.c", [OUT, HERE], RAM, STACK)
    *classes, stack = bare_metal.run(program)
    names = bare_metal.classes(OUT / "sound.h")
    # The windows are the microphone's.
    return {"labels": [names[each] for each in classes], **bare_metal.taken(sizes, stack, samples.nbytes)}


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


if __name__ == "__main__":
    sys.exit(main())
