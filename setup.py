"""The parts of the package that pyproject.toml cannot say: where its files come from, and the compiled core."""

from pathlib import Path

from setuptools import find_packages, setup

# The C headers, the modules' Python twins and, where they have been built, the native modules are packaged from where
# they live.
FOLDERS = {"emlearn.include": "src/emlearn"}
for folder in sorted({path.parent for path in Path("src").glob("**/*.py")}):
    FOLDERS[".".join(["emlearn.source", *folder.parts[1:]])] = folder.as_posix()
if Path("dist").is_dir():
    FOLDERS["emlearn.mpy"] = "dist"

setup(
    packages=[*find_packages("export", include=["emlearn", "emlearn.*"]), *FOLDERS],
    package_dir={"": "export", **FOLDERS},
    package_data={
        "emlearn": ["py.typed"],
        "emlearn.include": ["*.h"],
        "emlearn.mpy": ["*/*.mpy", "*/*/package.json"],
        "emlearn.reporting": ["*.html", "*.css"],
    },
    cffi_modules=[f"export/emlearn/_{name}_build.py:ffi" for name in ("core", "dsp", "cnn")],
    # The core is compiled against the stable ABI: one wheel serves CPython 3.10 and later. build/ is shared with make.
    options={"bdist_wheel": {"py_limited_api": "cp310"}, "build": {"build_base": "build/python"}},
)
