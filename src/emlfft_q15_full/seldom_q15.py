# Methods of FFT but run, sizes that there are not, and why run refuses samples.


def FFT(n):
    raise ValueError("expected n = 8, 16, 32... 4096")


def run(fft, re, im):
    expect(fft, re)
    expect(fft, im)


def rfft(fft, x, re, im):
    return real(fft, x, re, im, None)


def power_spectrum(fft, x, out, work):
    return real(fft, x, None, work, out)
