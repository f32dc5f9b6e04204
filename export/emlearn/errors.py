"""The one exception of this package."""


class ConvertError(ValueError):
    """The estimator, or an option, cannot be carried to the device as asked. The message says what to do instead."""
