# ---- Features of spectra, as src/emlearn/eml_{frame,spectrum}.h. statistics.py comes before it.
# ruff: noqa: F821


def _hann(table, n, i, x):
    return _f(x * _f(0.5 - _f(0.5 * table[i + n // 4 & n - 1])))


def _decibels(bits):
    return -100.0 if bits <= 0x2EDBE6FF else _f(_log(bits) * _float(0x408AF967))


class Spectrum:
    def __init__(self, words, n_values):
        good = len(words) >= 4 and words[0] & 0xFF == 1 and words[0] >> 8 & 0xFF <= 1 and words[2] < 8
        fail(good, "inconsistent model")
        self.channels, self.decibels, n, bands = words[0] >> 16, words[0] >> 8 & 1, words[1] & 0xFFFF, words[1] >> 16
        self.n, self.mask, self.width = n, words[2], words[3]
        self.columns = self.channels * (_popcount(self.mask) + bands)
        fail(1 <= self.channels <= 255 and 8 <= n <= 4096 and not n & n - 1 and self.columns, "inconsistent model")
        good = n_values // self.channels >= n and n_values % self.channels == 0 and 0x800000 <= self.width < 0x49800000
        good = good and bands <= n // 2 + 1 and (not bands or len(words) > 4 + bands)
        fail(good, "inconsistent model")
        self.words = 4 + (bands + 1 if bands else 0)
        self.edges = words[4 : self.words]
        for b in range(bands):
            fail(self.edges[b] < self.edges[b + 1] <= n // 2 + 1, "inconsistent model")
        self.fft = _Float(n)

    def run(self, window, code):
        _check_samples(window, code, 0x53800000)
        n, m, table = self.n, self.n // 2, self.fft.table
        out = []
        for c in range(self.channels):
            x = list(window)[c : c + n * self.channels : self.channels]
            re, im = array("f", x[::2] + [0]), array("f", x[1::2] + [0])
            for _ in range(2):
                total = 0.0
                for i in range(m):
                    total = _f(_f(total + re[i]) + im[i])
                mean = _f(total * (1.0 / n))
                for i in range(m):
                    re[i] -= mean
                    im[i] -= mean
            for i in range(m):
                re[i], im[i] = _hann(table, n, 2 * i, re[i]), _hann(table, n, 2 * i + 1, im[i])
            self.fft.run(re, im, m)
            self.fft.join(re, im)
            self.fft.power(re, im, re)
            out += self._channel(re)
        return array("f", out)

    def _channel(self, power):
        total = moment = above = 0.0
        largest = peak = 0
        for k in range(len(power)):
            total = _f(total + power[k])
            bits = _bits(power[k])
            if bits > largest:
                largest, peak = bits, k
        for k in range(len(power) - 1, 0, -1):
            above = _f(above + power[k])
            moment = _f(moment + above)
        bits = _bits(total)
        whole = _number(*parts(bits)) if bits >= 0x800000 else None
        width = _number(*parts(self.width))
        out = []
        if self.mask & 1:
            bits = _bits(moment)
            bin = _divide(_number(*parts(bits)), whole) if whole else (0, 0)
            out.append(_float(nearest(*_number(bin[0] * width[0], bin[1] + width[1]))))
        if self.mask & 2:
            out.append(self._entropy(power, whole) if whole else 0.0)
        if self.mask & 4:
            out.append(_float(nearest(*_number(width[0] * peak, width[1]))))
        for b in range(len(self.edges) - 1):
            band = 0.0
            for k in range(self.edges[b], self.edges[b + 1]):
                band = _f(band + power[k])
            out.append(_decibels(_bits(band)) if self.decibels else band)
        return out

    def _entropy(self, power, whole):
        scale = _float(nearest(*_divide((1 << 31, -31), whole)))
        total = 0.0
        for x in power:
            p = _f(x * scale)
            bits = _bits(p)
            if bits >= 0x800000:
                total = _f(total + _f(p * _log(bits)))
        return _f(total * _float(0xBFB8AA3B))
