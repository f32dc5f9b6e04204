"""Boards: connect to them, install native modules, deploy models."""

from .deploy import deploy
from .errors import DeviceError
from .install import install
from .link import Link

__all__ = ["DeviceError", "Link", "deploy", "install"]
