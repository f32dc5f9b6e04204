"""How large the native modules may be: the size of the file, which is a little more than what it takes in RAM."""

from __future__ import annotations

import pytest
from boards import ABI, ROOT, words

# Our own budget: 6 kB with a hardware FPU, 9 kB without, where libgcc's routines are in the module, and for Xtensa.
# x64 is made for speed.
BUDGET = {"armv6m": 9000, "armv7m": 9000, "armv7emsp": 6000, "armv7emdp": 6000, "rv32imc": 9000, "xtensawin": 9000}
# What every user of these has in RAM: no more than the module of emlearn-micropython that does the same.
SMALLEST = {
    "emltrees": {"armv6m": 4728, "armv7m": 3948, "armv7emsp": 2503, "rv32imc": 5083, "xtensawin": 3651},
    "emlknn": {"armv6m": 2369, "armv7m": 2349, "armv7emsp": 2361, "rv32imc": 2784, "xtensawin": 2725},
    # Of float32 or int16 alone. Theirs for armv7m is smaller, 2918.
    "emlfft": {"armv6m": 4334, "armv7m": 3200, "armv7emsp": 1669, "rv32imc": 4607, "xtensawin": 1861},
    "emlfft_q15": {"armv6m": 4334, "armv7m": 2918, "armv7emsp": 1669, "rv32imc": 4607, "xtensawin": 1861},
    "emliir": {"armv6m": 4240, "armv7m": 2388, "armv7emsp": 1123, "rv32imc": 4017, "xtensawin": 1319},
    # All that a filter of int16 takes.
    "emliir_q15": {"armv6m": 4240, "armv7m": 2388, "armv7emsp": 1123, "rv32imc": 4017, "xtensawin": 1319},
    "tinymaix_cnn": {"armv6m": 10098, "armv7m": 7226, "armv7emsp": 5462, "rv32imc": 11111, "xtensawin": 8843},
    "tinymaix_cnn_fp32": {"armv6m": 9734, "armv7m": 7010, "armv7emsp": 4922, "rv32imc": 10763, "xtensawin": 7455},
}
for limits in SMALLEST.values():
    limits["armv7emdp"] = limits["armv7emsp"]  # theirs is not built for it


@pytest.mark.parametrize("module", words()["MODULES"])
@pytest.mark.parametrize("arch", BUDGET)
def test_size(arch, module):
    size = (ROOT / f"dist/{arch}_{ABI}/{module}.mpy").stat().st_size
    assert 100 < size <= SMALLEST.get(module, BUDGET)[arch]


def test_every_architecture_has_a_budget():
    assert [*BUDGET] == [arch for arch in words()["ALL_ARCHES"] if arch != "x64"]
