"""What goes wrong with boards."""


class DeviceError(Exception):
    """A board did not do what was asked; the message says what to do."""


class LinkLost(DeviceError):
    """The board does not answer any more, and nothing further can be asked of it."""


class NoRoom(DeviceError):
    """The board's file system is full."""
