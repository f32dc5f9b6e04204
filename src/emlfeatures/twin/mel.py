# ---- Mel bands and MFCC, as src/emlearn/eml_{mel_data,mel,mel_q15}.h. spectrum.py comes before it.
# ruff: noqa: F821

_LOG2 = (-27747038, 130779487, -298398565, 491289695, -771102595, 1548920839)
_QUARTER = 1 << 30
_MEAN, _STD, _MIN, _MAX = range(4)


def _halves(words, count):
    return [words[i >> 1] >> 16 * (i & 1) & 0xFFFF for i in range(count)]


class Mel:
    """Of float32 or, with the flag, of int16."""

    def __init__(self, words, n_values):
        fail(len(words) >= 3 and words[0] & 0xFF == 2 and words[0] >> 8 & 0xFF <= 3, "inconsistent model")
        self.q15, self.decibels, n = words[0] >> 8 & 1, words[0] >> 9 & 1, words[0] >> 16
        self.n_fft, self.hop, self.n_mels = n, words[1] & 0xFFFF, words[1] >> 16
        self.n_mfcc, self.mask = words[2] & 0xFFFF, words[2] >> 16
        self.n = self.n_mfcc or self.n_mels
        good = 8 <= n <= 4096 and not n & n - 1 and self.hop and 1 <= self.n_mels <= 128 and self.n_mfcc <= self.n_mels
        good = good and self.mask < 16 and (self.decibels or not (self.q15 or self.n_mfcc)) and n <= n_values <= 1 << 26
        fail(good, "inconsistent model")
        self.limit = 1 + (n_values - n) // self.hop
        at = 3 + (self.n_mels + 3) // 2
        used = at + self.n_mels
        fail(self.limit <= 1023 and len(words) >= used, "inconsistent model")
        self.edges = _halves(words[3:], self.n_mels + 2)
        for low, high in zip(self.edges, self.edges[1:]):
            fail(low <= high <= n // 2 + 1, "inconsistent model")
        bins = self.edges[-1] - self.edges[0]
        self.words = used + ((bins + 1) // 2 if self.q15 else bins)
        fail(len(words) >= self.words, "inconsistent model")
        scales, weights = words[at:used], words[used : self.words]
        for bits in scales:
            fail(bits + 0x200000 & 0xFFFFFFFF <= 0x400000 if self.q15 else 0 < bits < 0x41000000, "inconsistent model")
        if self.q15:
            self.scales = [bits - (bits >> 31 << 32) for bits in scales]
            self.weights = _halves(weights, bins)
            self.fft = _Q15(n)
        else:
            for bits in weights:
                fail(bits <= 0x3F800000, "inconsistent model")
            self.scales, self.weights = [_float(bits) for bits in scales], [_float(bits) for bits in weights]
            self.fft = _Float(n)
        if self.n_mfcc:
            self._cosines(self.n_mels)
        self.columns = self.n * (_popcount(self.mask) if self.mask else self.limit)
        self.ring = array("h" if self.q15 else "f", [0] * n)
        self.reset()

    def _cosines(self, n):
        step, rest = _QUARTER // n, _QUARTER % n
        phases = [_QUARTER - (i * step + i * rest // n) for i in range(n + 1)]
        roots = [_root(_divide(_number(i, 0), _number(n, 0))) for i in (1, 2)]
        if self.q15:
            self.cosine = [sine_q30(phase) + (1 << 15) >> 16 for phase in phases]
            self.roots = [m >> max(-30 - e, 1) for m, e in roots]
        else:
            self.cosine = [sine_float32(phase) for phase in phases]
            self.roots = [_float(nearest(m, e)) for m, e in roots]

    def reset(self):
        self.at, self.wanted, self.frames = 0, self.n_fft, 0
        zero = 0 if self.q15 else 0.0
        self.kept = [zero] * ((5 if self.mask else self.limit) * self.n)

    def push(self, samples, code):
        if self.q15:
            fail(code == "h", "expected samples as array('h')")
        else:
            _check_samples(samples, code, 0x47000000)
        for sample in samples:
            if self.frames == self.limit:
                break
            self.ring[self.at & self.n_fft - 1] = sample * 2.0**-15 if code == "h" and not self.q15 else sample
            self.at += 1
            self.wanted -= 1
            if self.wanted == 0:
                self.wanted = self.hop
                values = self._frame_q15() if self.q15 else self._frame()
                for i in range(self.n):
                    self._keep(i, values[i])
                self.frames += 1

    def _keep(self, i, value):
        kept, n, frame = self.kept, self.n, self.frames
        if not self.mask:
            kept[frame * n + i] = value
        elif self.q15:
            kept[i] += value
            kept[n + i] += value * value
        else:
            if frame == 0:
                kept[i] = value
            distance = _f(value - kept[i])
            kept[n + i] = _f(kept[n + i] + distance)
            kept[2 * n + i] = _f(kept[2 * n + i] + _f(distance * distance))
        if self.mask:
            kept[3 * n + i] = value if frame == 0 else min(kept[3 * n + i], value)
            kept[4 * n + i] = value if frame == 0 else max(kept[4 * n + i], value)

    def _frame(self):
        n, table, ring, weights = self.n_fft, self.fft.table, self.ring, self.weights
        x = [_hann(table, n, i, ring[self.at + i & n - 1]) for i in range(n)]
        re, im = array("f", x[::2] + [0]), array("f", x[1::2] + [0])
        self.fft.run(re, im, n // 2)
        self.fft.join(re, im)
        power = array("f", [0] * len(re))
        self.fft.power(re, im, power)
        bands = []
        rising = 0.0
        first = self.edges[0]
        for j in range(self.n_mels + 1):
            falling, rising = rising, 0.0
            for k in range(self.edges[j], self.edges[j + 1]):
                part = _f(power[k] * weights[k - first])
                rising = _f(rising + part)
                falling = _f(falling + _f(power[k] - part))
            if j:
                falling = _f(falling * self.scales[j - 1])
                bands.append(_decibels(_bits(falling)) if self.decibels else falling)
        if not self.n_mfcc:
            return bands
        values = []
        for i in range(self.n_mfcc):
            total = 0.0
            for j in range(self.n_mels):
                total = _f(total + _f(bands[j] * self._cosine(i * (2 * j + 1))))
            values.append(_f(total * self.roots[1 if i else 0]))
        return values

    def _cosine(self, r):
        n = self.n_mels
        r %= 4 * n
        r = 4 * n - r if r > 2 * n else r
        return -self.cosine[2 * n - r] if r > n else self.cosine[r]

    def _frame_q15(self):
        n, table, ring, weights = self.n_fft, self.fft.table, self.ring, self.weights
        x = [ring[self.at + i & n - 1] * (32768 + table[i + n // 4 & n - 1]) for i in range(n)]
        shift = max([length(~p if p < 0 else p) for p in x] + [16]) - 15
        x = [_clip((p >> shift - 1) + 1, 1) for p in x]
        re, im = array("h", x[::2] + [0]), array("h", x[1::2] + [0])
        exponent = shift - 31 + self.fft.run(re, im, n // 2)
        exponent += self.fft.join(re, im)
        bands = []
        rising = 0
        first = self.edges[0]
        for j in range(self.n_mels + 1):
            falling, rising = rising, 0
            for k in range(self.edges[j], self.edges[j + 1]):
                power = re[k] * re[k] + im[k] * im[k]
                weight = weights[k - first]
                part = (power >> 16) * weight + ((power & 0xFFFF) * weight >> 16)
                rising += part
                falling += power - part
            if j:
                bands.append(_decibels_q15(falling, 2 * exponent * 65536 + self.scales[j - 1]))
        if not self.n_mfcc:
            return bands
        values = []
        for i in range(self.n_mfcc):
            total = sum([bands[j] * self._cosine(i * (2 * j + 1)) + 32 >> 6 for j in range(self.n_mels)])
            values.append(_multiply(total, self.roots[1 if i else 0]) + 128 >> 8)
        return values

    def finish(self):
        n, kept = self.n, self.kept
        if not self.mask:
            values = [_float(_nearest(value, -8)) for value in kept] if self.q15 else kept
            return array("f", values)
        frames = self.frames or 1
        out = []
        for statistic in range(4):
            if not self.mask >> statistic & 1:
                continue
            for i in range(n):
                if statistic >= _MIN:
                    value = kept[(statistic + 1) * n + i]
                    out.append(_float(_nearest(value, -8)) if self.q15 else value)
                elif self.q15:
                    out.append(self._over_frames_q15(statistic, kept[i], kept[n + i], frames))
                else:
                    scale = _float(_ratio(1, frames, 0))
                    mean = _f(kept[n + i] * scale)
                    if statistic == _STD:
                        variance = _f(_f(kept[2 * n + i] * scale) - _f(mean * mean))
                        out.append(_sqrt(_bits(variance)) if variance > 0 else 0.0)
                    else:
                        out.append(_f(kept[i] + mean))
        return array("f", out)

    def _over_frames_q15(self, statistic, total, squares, frames):
        if statistic == _MEAN:
            return _float(_ratio(total, frames, -8))
        mantissa, exponent = _root(_divide(_number(squares * frames - total * total, 0), _number(frames * frames, 0)))
        return _float(nearest(mantissa, exponent - 8))

    def run(self, window, code):
        self.reset()
        self.push(window, code)
        return self.finish()


def _decibels_q15(total, exponent):
    if total == 0:
        return -25600
    whole = length(total) - 1
    f = (total << 63 - whole & (1 << 63) - 1) >> 33
    p = _LOG2[0]
    for c in _LOG2[1:]:
        p = c + _multiply(p, f)
    log = whole * 65536 + exponent + (_multiply(p, f) >> 14)
    log = max(min(log, 42 * 65536), -40 * 65536)
    return max(_multiply(log * 256, 12626113) + 128 >> 8, -25600)


def block_of(words, n_values):
    """The block that words describe, which may have more words after it; ValueError if they describe none."""
    fail(len(words), "inconsistent model")
    kinds = Statistics, Spectrum, Mel
    fail(words[0] & 0xFF < 3, "inconsistent model")
    return kinds[words[0] & 0xFF](words, n_values)
