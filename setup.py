"""The parts of the package that pyproject.toml cannot say: where its files come from, and the compiled core."""

from setuptools import find_packages, setup

setup(
    # The C headers and the modules' Python twins are packaged from where they live.
    packages=[*find_packages("export", include=["emlearn", "emlearn.*"]), "emlearn.include", "emlearn.twin"],
    package_dir={"": "export", "emlearn.include": "src/emlearn", "emlearn.twin": "src/emltrees/twin"},
    package_data={"emlearn": ["py.typed"], "emlearn.include": ["*.h"]},
    cffi_modules=["export/emlearn/_core_build.py:ffi"],
    # The core is compiled against the stable ABI: one wheel serves CPython 3.10 and later. build/ is shared with make.
    options={"bdist_wheel": {"py_limited_api": "cp310"}, "build": {"build_base": "build/python"}},
)
