"""Replacing files on a board so that a cut at any moment loses nothing.

LittleFS replaces a file in one step when another is renamed over it. FAT does not: there the old file steps aside
first, and comes back on the next visit if the new one never arrived.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Any

from .errors import DeviceError, LinkLost, NoRoom
from .link import Link

NEW, OLD = "~new", "~old"  # appended to a file's name

Report = Callable[[str, int, int], Any]  # file, bytes done, bytes in all

# Runs on the board. Firmware before 1.25 does not list its mounts: there every file system is taken for FAT.
HELPERS = f"""
import os
def exists(path):
    try:
        os.stat(path)
        return True
    except OSError:
        return False
def restore(path):
    if exists(path + '{OLD}'):
        if exists(path):
            os.remove(path + '{OLD}')
        else:
            os.rename(path + '{OLD}', path)
    if exists(path + '{NEW}'):
        os.remove(path + '{NEW}')
def atomic(path):
    try:
        import vfs
        mounts = vfs.mount()
    except Exception:
        return False
    best = None, ''
    for mount in mounts:
        if (path + '/').startswith(mount[1].rstrip('/') + '/') and len(mount[1]) > len(best[1]):
            best = mount
    return 'Lfs' in type(best[0]).__name__
def replace(path):
    if atomic(path):
        os.rename(path + '{NEW}', path)
        return
    try:
        if exists(path):
            os.rename(path, path + '{OLD}')
        os.rename(path + '{NEW}', path)
    except BaseException:
        restore(path)
        raise
def make_folder(path):
    at = ''
    for part in path.strip('/').split('/'):
        at += '/' + part
        if part and not exists(at):
            os.mkdir(at)
"""


def make_folder(link: Link, folder: str) -> None:
    """Make a folder, and those above it, where they are missing."""
    link.run(f"{HELPERS}\nmake_folder({folder!r})")


def replace_files(
    link: Link,
    files: Mapping[str, bytes],
    *,
    report: Report | None = None,
    check: Callable[[str], Any] | None = None,
) -> None:
    """Put files on the board; until all are there and verified, what was there before stays.

    Parameters
    ----------
    link : Link
    files : mapping of str to bytes
        Content by path. What the board already has is not sent again.
    report : callable, optional
        Called with a file's path, the bytes written and the bytes in all.
    check : callable, optional
        Called with the temporary path of each new file; what it raises keeps the old files.

    Raises
    ------
    DeviceError
        If the files do not fit, or do not arrive as they were sent.
    """
    for_each = f"{HELPERS}\nfor path in {{!r}}:\n    "
    restore = for_each.format(list(files)) + "restore(path)"
    link.run(restore)
    changed = {path: content for path, content in files.items() if not link.holds(path, content)}
    if not changed:
        return
    try:
        for path, content in changed.items():
            _send(link, path, content, report)
            if check is not None:
                check(path + NEW)
    except LinkLost:
        raise  # the next visit cleans up
    except DeviceError:
        with contextlib.suppress(DeviceError):
            link.run(restore)
        raise
    link.run(for_each.format(list(changed)) + "replace(path)\nif hasattr(os, 'sync'): os.sync()")
    for path, content in changed.items():
        if not link.holds(path, content):
            raise DeviceError(f"{path} is damaged after it was renamed: the board's file system may be. Try again")
    link.run(restore)


def _send(link: Link, path: str, content: bytes, report: Report | None) -> None:
    def progress(done: int, total: int) -> None:
        if report is not None:
            report(path, done, total)

    try:
        link.write(path + NEW, content, progress)
    except NoRoom as error:
        raise NoRoom(
            f"no room for {path}: it takes {len(content):,} bytes beside the old one until it is verified. Remove "
            "files that the board no longer needs"
        ) from error
    if not link.holds(path + NEW, content):
        raise DeviceError(f"{path} did not arrive as it was sent; what was there before still is. Try again")
