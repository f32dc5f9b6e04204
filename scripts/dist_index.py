"""Makes dist/, which holds the modules, something to install from: `make dist` runs this when the modules are built.

    ARCH_ABI/MODULE.mpy                     what is there already
    ARCH_ABI/PACKAGE/package.json           for `mip install http://HOST/dist/ARCH_ABI/PACKAGE`
    ARCH_ABI/PACKAGE/MODULE.mpy
    ARCH_ABI/package/6/PACKAGE/latest.json  for `mip install --index http://HOST/dist/ARCH_ABI PACKAGE`
    ARCH_ABI/package/6/PACKAGE/VERSION.json
    ARCH_ABI/file/12/12345678
    manifest.json                           what was built from what, by which compiler
    SHA256SUMS                              of all these, for `sha256sum -c`

There is an index for each architecture because mip tells an index which .mpy format a board reads, but not its
architecture. package.json names the files beside it, without `..`, which not every server follows.

MicroPython takes a folder for a module before it takes a file. ARCH_ABI/PACKAGE/__init__.mpy is the module of that
name, so that ARCH_ABI is a place to import from as well.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path

HASH_DIGITS = 8  # of a file's name in an index, as mip's own has them


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dist", type=Path, default=Path("dist"))
    parser.add_argument("--build", type=Path, default=Path("build"), help="where compilers and flags are noted")
    parser.add_argument("--micropython", type=Path, required=True, help="its source")
    parser.add_argument("--abi", required=True, help="version of the .mpy format: MAJOR.MINOR")
    parser.add_argument("--arch", action="append", default=[], metavar="ARCH=TOOLCHAIN=MODULE,...")
    parser.add_argument("--package", action="append", default=[], metavar="PACKAGE=MODULE,...")
    arguments = parser.parse_args()
    packages = {name: modules.split(",") for name, modules in (p.split("=") for p in arguments.package)}
    version = project_version()
    architectures = {}
    written = []
    for entry in arguments.arch:
        arch, toolchain, modules = entry.split("=")
        folder = arguments.dist / f"{arch}_{arguments.abi}"
        built = modules.split(",")
        written += [folder / f"{module}.mpy" for module in built]
        for name in ("package", "file"):
            shutil.rmtree(folder / name, ignore_errors=True)
        for package, wanted in packages.items():
            if package not in built:  # a twin that there is not
                continue
            chosen = [module for module in wanted if module in built]
            written += write_package(folder, package, version, chosen)
            written += write_index(folder, package, version, chosen, arguments.abi)
        architectures[arch] = describe(folder, arguments.build, arch, toolchain, built)
    manifest = {
        "version": version,
        "revision": revision(),
        "abi": arguments.abi,
        "micropython": micropython_version(arguments.micropython),
        "packages": packages,
        "architectures": architectures,
    }
    path = arguments.dist / "manifest.json"
    path.write_text(json.dumps(manifest, indent=1) + "\n")
    sums = [f"{sha256(p)}  {p.relative_to(arguments.dist)}\n" for p in sorted({*written, path})]
    (arguments.dist / "SHA256SUMS").write_text("".join(sums))


def write_package(folder: Path, package: str, version: str, modules: list[str]) -> list[Path]:
    """Write a folder that mip installs by its URL."""
    into = folder / package
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir()
    urls = [[f"{module}.mpy", f"{module}.mpy"] for module in modules]
    files = [write_json(into / "package.json", {"urls": urls, "version": version})]
    for name, _ in urls:
        shutil.copyfile(folder / name, into / name)
        files.append(into / name)
    if package in modules:
        shutil.copyfile(folder / f"{package}.mpy", into / "__init__.mpy")
        files.append(into / "__init__.mpy")
    return files


def write_index(folder: Path, package: str, version: str, modules: list[str], abi: str) -> list[Path]:
    """Write what mip asks an index for, which knows files by the start of their SHA-256."""
    hashes = [[f"{module}.mpy", sha256(folder / f"{module}.mpy")[:HASH_DIGITS]] for module in modules]
    into = folder / "package" / abi.partition(".")[0] / package
    into.mkdir(parents=True)
    entry = {"v": 1, "version": version, "hashes": hashes}
    files = [write_json(into / f"{name}.json", entry) for name in ("latest", version)]
    for name, digits in hashes:
        file = folder / "file" / digits[:2] / digits
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / name, file)
        files.append(file)
    return files


def describe(folder: Path, build: Path, arch: str, toolchain: str, modules: list[str]) -> dict[str, object]:
    """Return what the manifest says of an architecture."""
    compiler = (build / "toolchain" / toolchain).read_text().strip()
    described: dict[str, object] = {"toolchain": toolchain, "compiler": compiler}
    files = {}
    for module in modules:
        path = folder / f"{module}.mpy"
        files[module] = {"file": f"{folder.name}/{path.name}", "bytes": path.stat().st_size, "sha256": sha256(path)}
        flags = build / "natmod" / arch / module / "flags"
        if flags.exists():  # else it is bytecode
            files[module]["flags"] = flags.read_text().strip()
    return described | {"modules": files}


def project_version() -> str:
    text = (Path(__file__).parents[1] / "pyproject.toml").read_text()
    return found(r'^version = "([^"]+)"', text)


def micropython_version(source: Path) -> str:
    text = (source / "py/mpconfig.h").read_text()
    return ".".join(found(rf"^#define MICROPY_VERSION_{part} (\d+)", text) for part in ("MAJOR", "MINOR", "MICRO"))


def found(pattern: str, text: str) -> str:
    match = re.search(pattern, text, re.MULTILINE)
    if match is None:
        raise SystemExit(f"nothing matches {pattern}")
    return match[1]


def revision() -> str | None:
    """Return the commit, with "-dirty" if files differ from it; None outside of a git repository."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--exclude=*", "--abbrev=40"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def write_json(path: Path, content: dict[str, object]) -> Path:
    path.write_text(json.dumps(content, indent=1) + "\n")
    return path


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
