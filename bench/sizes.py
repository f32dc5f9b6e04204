"""Bytes of code and model on Cortex-M, ours and the peers', of a forest of 10 trees of depth 8 on digits."""

import shutil
import subprocess

from models import OUT, ROOT, depth_limited_digits

import emlearn

CPUS = {
    "Cortex-M0+": ("-mcpu=cortex-m0plus", "-mthumb"),
    "Cortex-M4F": ("-mcpu=cortex-m4", "-mthumb", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"),
}
FLAGS = ("-Os", "-std=gnu99", "-ffp-contract=off", "-ffunction-sections", "-fdata-sections", "-w")
LINK = ("-nostartfiles", "-specs=nano.specs", "-specs=nosys.specs", "-Wl,--gc-sections", "-Wl,-e,start", "-lm")
# What calls the model, the same for all; its own size is taken off.
CALLER = """
volatile {ctype} features[64];
volatile int result;
{declarations}
void start(void) {{ {call} }}
"""
CALL = {
    "none": ("int16_t", "", "result = features[0];"),
    "class": ("int16_t", "", "result = model_predict((const int16_t *)features, 64);"),
    "m2cgen": ("double", "double out[10];", "model_predict((double *)features, out); result = (int)out[0];"),
}


def measure(peers_includes):
    """Rows of (what, bytes for each of CPUS); None where there is no compiler for them."""
    if not shutil.which("arm-none-eabi-gcc"):
        return None
    forest = depth_limited_digits().train()
    own_includes = emlearn.includedir
    contenders = []
    for leaf in ("hard", "exact"):
        model = emlearn.convert(forest, dtype="int16", leaf=leaf)
        for method in ("loadable", "inline"):
            header = OUT / f"size_own_{leaf}_{method}.h"
            model.save(file=header, format="c", name="model", method=method)
            contenders.append((f"ours, {leaf} leaves, {method}", header, own_includes, "class"))
    for method in ("loadable", "inline"):
        contenders.append(
            (f"emlearn, hard leaves, {method}", OUT / f"size_emlearn_{method}.h", peers_includes, "class")
        )
    contenders.append(("m2cgen, exact leaves", OUT / "size_m2cgen.h", own_includes, "m2cgen"))
    caller = {cpu: linked_bytes(flags, None, own_includes, "none") for cpu, flags in CPUS.items()}
    return [
        (what, *(linked_bytes(flags, header, includes, call) - caller[cpu] for cpu, flags in CPUS.items()))
        for what, header, includes, call in contenders
    ]


def linked_bytes(cpu_flags, header, includes, call):
    """Code and data, in flash and RAM, of a program that does nothing but predict."""
    ctype, declarations, statement = CALL[call]
    lines = ["#include <stdint.h>", f'#include "{header}"' if header else ""]
    source, program = OUT / "size.c", OUT / "size.elf"
    source.write_text("\n".join(lines) + CALLER.format(ctype=ctype, declarations=declarations, call=statement))
    command = ["arm-none-eabi-gcc", *cpu_flags, *FLAGS, f"-I{includes}", "-o", program, source, *LINK]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    sizes = subprocess.run(["arm-none-eabi-size", program], check=True, capture_output=True, text=True).stdout
    text, data, bss = sizes.splitlines()[1].split()[:3]
    return int(text) + int(data) + int(bss)


def modules():
    """Rows of (module, architecture, bytes) of what is in dist/."""
    return [(path.stem, path.parent.name, path.stat().st_size) for path in sorted((ROOT / "dist").glob("*/*.mpy"))]
