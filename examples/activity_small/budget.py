"""What the example takes of a small Cortex-M0, emulated: flash and RAM in C, heap in MicroPython on 16 kB of RAM.

In C, it is linked for 800 bytes of RAM, and says of each window of motion what the PC says.
"""

import sys

import numpy as np
from train import BOARD, HERE, OUT, ROOT

sys.path.append(str(HERE.parent))
import bare_metal  # noqa: E402
from boards import ABI, packages  # noqa: E402
from boards.cortex_m0_16k import SMALL  # noqa: E402
from ports.qemu.flash import romfs  # noqa: E402
from ports.qemu.session import Session  # noqa: E402

FLASH, RAM = 10_000, 800  # bytes
STACK = 300  # at least
SECONDS = 300
# So much of the heap is taken before the example starts.
SCRIPT = """
import gc, os
os.chdir("/rom")
taken = bytearray({taken})
gc.collect()
print("free", gc.mem_free())
import main
"""



def main():
    found = in_c("shown")
    print(f"C on a Cortex-M0, {found['same']}/{found['windows']} classes and all features as on the PC")
    bare_metal.show(found, FLASH, RAM)
    host = on_host("unknown")
    print(f"C on this machine, {host['same']}/{host['windows']} classes and all features as on the PC")
    heap = smallest_heap()
    print(f"MicroPython on a Cortex-M0 with {SMALL.ram_size:,} bytes of RAM, classes as on the PC")
    print(f"   heap   {heap:6,} bytes are enough, for module, model and script")
    good = found["good"] and host["good"] and found["flash"] <= FLASH and found["ram"] <= RAM
    return None if good else "Not as it should be: other classes or features, or beyond the budget."


def in_c(name):
    """Bytes, and what a bare Cortex-M0 says, beside what the PC says."""
    program, recorded = OUT / "budget.elf", OUT / f"{name}.h"
    source = OUT / "budget_recorded.c"
    source.write_text(f'#define RECORDED "{recorded.name}"\n#include "budget.c"\n')
    sizes = bare_metal.build(program, source, [OUT, HERE], RAM, STACK)
    *said, stack = bare_metal.run(program)
    samples = (BOARD / "motion.bin").stat().st_size  # and 8 bytes a recording, of which C has 2
    n_recordings = recorded.read_text().split("\n")[0].count(",") + 1
    data = samples - 8 * n_recordings + 2 * n_recordings
    return {**compared(name, said), **bare_metal.taken(sizes, stack, data)}


def on_host(name):
    """The same of all recordings, where there is room for them."""
    program = OUT / "budget"
    flags = [f"-I{folder}" for folder in (bare_metal.emlearn.includedir, OUT, HERE)]
    flags += [*bare_metal.FLAGS.split(), f'-DRECORDED="{name}.h"']
    bare_metal.output(["cc", *flags, "-o", program, HERE / "budget.c"])
    return compared(name, [int(word, 16) for word in bare_metal.output([program]).split()])


def compared(name, said):
    *classes, hashed = said
    expected = np.load(OUT / f"{name}.npz")
    labels = np.array(bare_metal.classes(OUT / "activity.h"))[classes]
    same = int(np.sum(labels == expected["small"])) if len(labels) == len(expected["small"]) else 0
    good = same == len(expected["small"]) and hashed == hash_of(expected["features"])
    return {"windows": len(expected["small"]), "same": same, "good": good}


def hash_of(features):
    """FNV-1a, of 16 bits at a time."""
    found = 2166136261
    for word in features.ravel().view(np.uint16).tolist():
        found = (found ^ word) * 16777619 & 0xFFFFFFFF
    return found


def smallest_heap():
    """Bytes of heap, free when MicroPython has started, that main.py needs: by taking more and more of it."""
    files = {name: (BOARD / name).read_bytes() for name in ("main.py", "activity.eml", "motion.bin")}
    size = 8 + 12 * int.from_bytes(files["motion.bin"][4:8], "little")
    files["motion.bin"] = files["motion.bin"][:size]  # a recording: the disk has 64 kB
    folder = ROOT / "dist" / f"{SMALL.arch}_{ABI}"
    modules = [name for name in packages()["emltrees"] if name != "emltrees_packed8"]  # for which there is no room
    files |= {f"{name}.mpy": (folder / f"{name}.mpy").read_bytes() for name in modules}

    image = romfs(files)

    def free(taken):
        """Bytes that are left; None if they are not enough."""
        with Session(SMALL, flash=image) as board:
            said = board.run(SCRIPT.format(taken=taken), SECONDS).splitlines()
        if "MemoryError" in said[-1]:
            return None
        classes = [int(line.split()[-1]) for line in said[1:]]
        if not classes or list(labels[classes]) != list(expected[: len(classes)]):
            sys.exit(f"{SMALL.name} says something else:\n" + "\n".join(said))
        return int(said[0].split()[1])

    expected = np.load(OUT / "shown.npz")["hard"]
    labels = np.array(bare_metal.classes(OUT / "activity.h"))
    good, bad = 0, SMALL.heap_size
    found = free(good)
    if found is None:
        sys.exit(f"{SMALL.name}: the heap is too small")
    while bad - good > 16:  # bytes of a block of the heap
        middle = (good + bad) // 2
        left = free(middle)
        good, bad, found = (middle, bad, left) if left is not None else (good, middle, found)
    return found


if __name__ == "__main__":
    sys.exit(main())
