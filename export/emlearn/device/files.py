"""Replacing files on a board so that a cut at any moment loses nothing.

LittleFS replaces a file in one step when another is renamed over it. FAT does not: there the old file steps aside
first, and comes back on the next visit if the new one never arrived.
"""

from __future__ import annotations

import contextlib

from .link import DeviceError, Link, Progress

NEW, OLD = ".new", ".old"  # appended to a file's name

# Whether the file system that holds `path` replaces files in one step.
_ATOMIC = """
def atomic(path):
    try:
        import vfs
        mounts = vfs.mount()
    except Exception:
        return False
    best = ('', None)
    for fs, point in mounts:
        if (path + '/').startswith(point.rstrip('/') + '/') and len(point) > len(best[0]):
            best = (point, fs)
    return 'Lfs' in type(best[1]).__name__
"""

_REPLACE = """
import os
def exists(path):
    try:
        os.stat(path)
        return True
    except OSError:
        return False
def replace(new, path, old):
    if not atomic(path) and exists(path):
        if exists(old):
            os.remove(old)
        os.rename(path, old)
    os.rename(new, path)
    if hasattr(os, 'sync'):
        os.sync()
"""

# What a cut between two renames left behind.
_RESTORE = """
def restore(path, new, old):
    if exists(old):
        if exists(path):
            os.remove(old)
        else:
            os.rename(old, path)
    if exists(new):
        os.remove(new)
"""


def make_folder(link: Link, folder: str) -> None:
    """Make a folder, and those above it, where they are missing."""
    link.run(
        "import os\n"
        "path = ''\n"
        f"for part in {folder.strip('/').split('/')!r}:\n"
        "    path += '/' + part\n"
        "    try:\n"
        "        os.stat(path)\n"
        "    except OSError:\n"
        "        os.mkdir(path)\n"
    )


def replace_file(link: Link, path: str, content: bytes, progress: Progress | None = None) -> None:
    """Put a file on the board; until it is complete and verified, what was there before stays.

    Raises
    ------
    DeviceError
        If it does not fit, or does not arrive as it was sent.
    """
    setup, names = _ATOMIC + _REPLACE + _RESTORE, f"{path!r}, {path + NEW!r}, {path + OLD!r}"
    link.run(f"{setup}\nrestore({names})")
    if link.holds(path, content):
        if progress is not None:
            progress(len(content), len(content))
        return
    try:
        link.write(path + NEW, content, progress)
        if not link.holds(path + NEW, content):
            raise DeviceError(f"{path} did not arrive as it was sent; the old one is still there. Try again")
    except DeviceError as error:
        with contextlib.suppress(DeviceError):
            link.run(f"{setup}\nrestore({names})")
        if "ENOSPC" in str(error) or "Errno 28" in str(error):
            raise DeviceError(
                f"no room for {path}: it takes {len(content):,} bytes beside the old one until it is verified. Remove "
                "files that the board no longer needs"
            ) from error
        raise
    link.run(f"{setup}\nreplace({path + NEW!r}, {path!r}, {path + OLD!r})")
    if not link.holds(path, content):
        raise DeviceError(f"{path} is damaged after renaming; {path + OLD} may hold the old one")
    link.run(f"{setup}\nrestore({names})")
