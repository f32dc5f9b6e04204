# Methods of FFT but run, sizes that there are not, and run for int16 samples, which emlfft_q15 takes.


def FFT(n):
    raise ValueError("expected n = 8, 16, 32... 4096")


def q15(fft):
    import emlfft_q15

    return other(fft, emlfft_q15)


def run(fft, re, im):
    if typecode(re) == 104:  # 'h'
        return q15(fft).run(re, im)
    expect(fft, re)
    expect(fft, im)


def rfft(fft, x, re, im):
    if typecode(x) == 104:
        return q15(fft).rfft(x, re, im)
    real(fft, x, re, im, None)


def power_spectrum(fft, x, out, work):
    if typecode(x) == 104:
        return q15(fft).power_spectrum(x, out, work)
    real(fft, x, None, work, out)


def fill(fft, sin, cos):
    pass  # the tables are there already
