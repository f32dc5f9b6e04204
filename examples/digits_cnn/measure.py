"""What the example costs on emulated boards: memory, and instructions (not cycles) of an image."""

import sys

import data

sys.path.insert(0, str(data.ROOT / "firmware_tests"))
from boards import cortex_m0, cortex_m3, cortex_m4f, cortex_m7, module_files, riscv32  # noqa: E402
from ports.qemu.session import Session  # noqa: E402

SECONDS = 300
SCRIPT = """
import gc
from array import array
from emulator import count

def used():
    gc.collect()
    return gc.mem_alloc()

before = used()
import tinymaix_cnn
print("module", used() - before)
with open("digits.tmdl", "rb") as file:
    data = file.read()
model = tinymaix_cnn.new(data)
print("memory", model.memory())
image, chances = bytearray(i % 256 for i in range(28 * 28)), array("f", bytes(40))
gc.disable()
model.run(image, chances)
print("run", count(model.run, image, chances)[0])
"""
ROWS = {
    "module": "module, bytes of RAM",
    "memory": "network with its object, bytes of RAM",
    "run": "run(image, chances), instructions",
}


def main():
    machines = [module.MACHINE for module in (cortex_m0, cortex_m3, cortex_m4f, cortex_m7, riscv32)]
    found = [measured(machine) for machine in machines]
    print("|", *(f"| {machine.name}" for machine in machines), "|")
    print("|---" * (len(machines) + 1) + "|")
    for name, title in ROWS.items():
        print(f"| {title}", *(f"| {each[name]:,}" for each in found), "|")


def measured(machine):
    files = {"digits.tmdl": (data.HERE / "digits.tmdl").read_bytes()}
    with Session(machine, count_instructions=True) as board:
        board.fetch({**files, **module_files(machine, "native", "tinymaix_cnn")})
        board.reset()
        output = board.run(SCRIPT, SECONDS)
    try:
        return {name: int(value) for name, value in (line.split() for line in output.splitlines())}
    except ValueError:
        sys.exit(f"{machine.name}:\n{output}")


if __name__ == "__main__":
    main()
