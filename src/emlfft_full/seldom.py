# Methods of FFT but run, and run for int16 samples, which emlfft_q15 takes.


def other(fft):
    if fft.other is None:
        from emlfft_q15 import FFT

        fft.other = FFT(fft.n)
    return fft.other


def run(fft, re, im):
    if typecode(re) == 104:  # 'h'
        return other(fft).run(re, im)
    expect(fft, re)
    expect(fft, im)


def rfft(fft, x, re, im):
    if typecode(x) == 104:
        return other(fft).rfft(x, re, im)
    real(fft, x, re, im, None)


def power_spectrum(fft, x, out, work):
    if typecode(x) == 104:
        return other(fft).power_spectrum(x, out, work)
    real(fft, x, None, work, out)


def fill(fft, sin, cos):
    pass  # the tables are there already
