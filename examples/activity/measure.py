"""What the example costs on emulated boards, after train.py: memory, and instructions (not cycles) of a window."""

import sys

from train import BOARD, ROOT

sys.path.insert(0, str(ROOT / "firmware_tests"))
from boards import cortex_m0, cortex_m3, cortex_m4f, cortex_m7, module_files, riscv32  # noqa: E402
from ports.qemu.session import Session  # noqa: E402

SECONDS = 300
SCRIPT = """
import gc
from array import array
from emulator import count

N = 8  # of each thing: what the collector overlooks by chance is small beside them

def used():
    gc.collect()
    return gc.mem_alloc()

before = used()
import emlfeatures, emlfeatures_statistics, emlfeatures_spectrum, emllinear, emlearn_tools
print("modules", used() - before)
model = emlfeatures.load("activity.eml")
before = used()
models = [emlfeatures.load("activity.eml") for _ in range(N)]
print("loaded", (used() - before) // N)
del models
zeros = bytes(2 * model.info()["features"])
before = used()
windows = [array("h", zeros) for _ in range(N)]
frames = [emlfeatures.Frames(window, len(window) // 12, 6) for window in windows]
print("window", (used() - before) // N)
window = windows[0]
gc.disable()
out = array("f", bytes(4 * 60))
predict = statistics = 0
with open("motion.bin", "rb") as motion:
    motion.readline()
    for _ in range(N):
        motion.readinto(window)
        model.predict(window)
        emlfeatures.statistics(window, out, 6)
        predict += count(model.predict, window)[0]
        statistics += count(emlfeatures.statistics, window, out, 6)[0]
print("statistics", statistics // N)
print("predict", predict // N)
"""
ROWS = {
    "modules": "modules, bytes of RAM",
    "loaded": "activity.eml loaded, bytes of RAM",
    "window": "window and Frames, bytes of RAM",
    "predict": "predict(window), instructions",
    "statistics": "of these, the ten statistics of 6 axes",
}


def main():
    machines = [module.MACHINE for module in (cortex_m0, cortex_m3, cortex_m4f, cortex_m7, riscv32)]
    found = [measured(machine) for machine in machines]
    print("|", *(f"| {machine.name}" for machine in machines), "|")
    print("|---" * (len(machines) + 1) + "|")
    for name, title in ROWS.items():
        print(f"| {title}", *(f"| {each[name]:,}" for each in found), "|")
    for name in ("activity.eml", "activity.csv"):
        print(f"{name}: {(BOARD / name).stat().st_size:,} bytes")


def measured(machine):
    files = {name: (BOARD / name).read_bytes() for name in ("activity.eml", "motion.bin")}
    with Session(machine, count_instructions=True) as board:
        board.fetch({**files, **module_files(machine, "native", "emlfeatures", "emllinear")})
        board.reset()
        output = board.run(SCRIPT, SECONDS)
    try:
        return {name: int(value) for name, value in (line.split() for line in output.splitlines())}
    except ValueError:
        sys.exit(f"{machine.name}:\n{output}")


if __name__ == "__main__":
    main()
