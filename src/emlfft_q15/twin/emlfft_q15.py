"""emlfft_q15 in Python: emlfft's twin takes int16 samples itself."""

from emlfft import FFT, fill
