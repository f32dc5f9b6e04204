"""Boards: connect to them, install native modules, deploy models."""

from .deploy import deploy
from .install import install
from .link import DeviceError, Link

__all__ = ["DeviceError", "Link", "deploy", "install"]
