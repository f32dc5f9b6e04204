"""What goes wrong with boards."""


class DeviceError(Exception):
    """A board did not do what was asked; the message says what to do."""
