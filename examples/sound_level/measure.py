"""What the meter costs on emulated boards, after reference.py: memory, and instructions (not cycles) of a second."""

import sys
from pathlib import Path

from reference import BOARD

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "firmware_tests"))
from boards import cortex_m0, cortex_m4f, module_files, riscv32  # noqa: E402
from ports.qemu.session import Session  # noqa: E402

SECONDS = 300
SCRIPT = """
import gc
from emulator import count

gc.collect()
before = gc.mem_alloc()
import meter
ours = meter.Meter()
source = meter.blocks("sound.wav")
block = next(source)
ours.add(block)
gc.collect()
print("heap", gc.mem_alloc() - before)
add = statistics = 0
for _ in range(meter.RATE // meter.BLOCK):
    add += count(ours.add, next(source))[0]
    statistics += count(meter.emlfeatures.statistics, block, ours.statistics)[0]
print("second", add)
print("statistics", statistics)
"""
ROWS = {
    "heap": "heap: modules, meter, a block of samples; bytes",
    "second": "instructions of a second of sound",
    "statistics": "of these, emlfeatures.statistics",
}


def main():
    machines = [module.MACHINE for module in (cortex_m0, cortex_m4f, riscv32)]
    found = [measured(machine) for machine in machines]
    print("|", *(f"| {machine.name}" for machine in machines), "|")
    print("|---" * (len(machines) + 1) + "|")
    for name, title in ROWS.items():
        print(f"| {title}", *(f"| {each[name]:,}" for each in found), "|")


def measured(machine):
    files = {name: (BOARD / name).read_bytes() for name in ("meter.py", "weighting.py")}
    files["sound.wav"] = (BOARD / "sound.wav").read_bytes()[:40_000]  # two seconds
    with Session(machine, count_instructions=True) as board:
        board.fetch({**files, **module_files(machine, "native", "emlfeatures", "emliir")})
        board.reset()
        output = board.run(SCRIPT, SECONDS)
    try:
        return {name: int(value) for name, value in (line.split() for line in output.splitlines())}
    except ValueError:
        sys.exit(f"{machine.name}:\n{output}")


if __name__ == "__main__":
    main()
