"""emliir_q15 in Python: emliir's twin takes int16 samples itself."""

from emliir import new
