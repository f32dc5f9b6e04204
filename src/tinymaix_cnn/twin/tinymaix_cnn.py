# ---- Convolutional networks of int8, as src/emlearn/eml_cnn.h: build.mk puts tinymaix_cnn_tools.py before this
# ruff: noqa: F821
from struct import pack

_CONV, _GLOBAL, _DENSE, _SOFTMAX, _RESHAPE, _DEPTHWISE, _ADD = range(7)
_MAX_POOL, _AVERAGE_POOL, _ADD_ACTIVATED, _LOGISTIC = range(0x100, 0x104)
_WINDOWED = (_CONV, _DEPTHWISE, _MAX_POOL, _AVERAGE_POOL)
_WEIGHTED = (_CONV, _DENSE, _DEPTHWISE)
_DAMAGED = "not a model file, or damaged"
_INCONSISTENT = "inconsistent model"
_OTHER = "model file of another version or family"
_MOST = 1 << 23


# ---- Scales, as mantissa and exponent


def _positive(bits):
    fail(0 < bits < INFINITY, _INCONSISTENT)
    return parts(bits)


def _quotient(a, b):
    """a / b, cut to 32 bits."""
    shift = 32 + length(b[0]) - length(a[0])  # 32 or 33 bits
    m = (a[0] << shift if shift > 0 else a[0] >> -shift) // b[0]
    more = length(m) - 32
    return m >> more, a[1] - b[1] - shift + more


def _multiplier(m, exponent):
    """(m, s) of m * 2^-s: 24 bits, rounded halves up."""
    if not m:
        return 0, 62
    drop = length(m) - 24
    m = m + (1 << drop - 1) >> drop if drop > 0 else m << -drop
    if m == 1 << 24:
        m >>= 1
        drop += 1
    s = -exponent - drop
    fail(s >= 1, _INCONSISTENT)
    return m, min(s, 62)


def _scaled(a, multiplier):
    m, s = multiplier
    return a * m + (1 << s - 1) >> s


def _floor_quotient(m, exponent, scale):
    """floor(m * 2^exponent / scale + 1/2), cut to 16 bits or so."""
    shift = exponent - scale[1] + 1
    if shift > 60:
        return (m > 0) - (m < 0) << 16
    if shift < -60:
        return 0  # below a half, as m has 25 bits
    d = scale[0]
    if shift < 0:
        d <<= -shift
    else:
        m <<= shift
    return (m + d) // (2 * d)


def _real(scale, n):
    """Bits of the float32 nearest to scale * n."""
    return nearest(scale[0] * abs(n), scale[1]) | (SIGN if n < 0 else 0)


# ---- Layers


class _Layer:
    """One layer of the file, checked: `at` is where it begins."""

    def __init__(self, data, at, end, buffer, marked):
        fail(end - at >= 48, _DAMAGED)
        kind, last, size, start, out = unpack_from("<HHIII", data, at)
        fail(48 <= size <= end - at and size % 8 == 0, _DAMAGED)
        shapes = unpack_from("<8H", data, at + 16)
        scales = unpack_from("<IiIi", data, at + 32)
        known = kind <= _ADD or marked and _MAX_POOL <= kind <= _LOGISTIC
        fail(known, _OTHER)
        self.kind, self.last, self.size, self.start, self.out = kind, last, size, start, out
        self.shape, self.out_shape = shapes[1:4], shapes[5:]
        self.scale, self.zero = _positive(scales[0]), scales[1]
        self.n, self.n_out = _values(self.shape), _values(self.out_shape)
        self.floats = kind in (_SOFTMAX, _LOGISTIC)
        n_bytes = self.n_out * (4 if self.floats else 1)
        fail(0 < self.n < _MOST and 0 < self.n_out < _MOST, _INCONSISTENT)
        fail(start + self.n <= buffer and out + n_bytes <= buffer, _INCONSISTENT)
        fail(out % 4 == 0 and last if self.floats else True, _INCONSISTENT)
        self.n_bytes = n_bytes
        self.apart(start)
        fail(-128 <= scales[1] <= 127, _INCONSISTENT)
        if not self.floats:
            self.out_scale, self.out_zero = _positive(scales[2]), scales[3]
            fail(-128 <= scales[3] <= 127, _INCONSISTENT)
            self.ratio = _quotient(self.scale, self.out_scale)
        self.low, self.high = -128, 127
        self.body(data, at, buffer)

    def apart(self, start):
        shares = self.floats or self.kind == _RESHAPE
        apart = start + self.n <= self.out or self.out + self.n_bytes <= start
        fail(apart or shares and start == self.out, _INCONSISTENT)

    def body(self, data, at, buffer):
        kind, size = self.kind, self.size
        needed = {_DENSE: 64, _ADD: 64, _ADD_ACTIVATED: 64, _MAX_POOL: 64, _AVERAGE_POOL: 64, _CONV: 80, _DEPTHWISE: 80}
        fail(size >= needed.get(kind, 48), _DAMAGED)
        if kind in _WINDOWED:
            self.windows(data, at)
        elif kind == _GLOBAL:
            fail(self.out_shape[2] == self.n_out == self.shape[2], _INCONSISTENT)
            n = self.n // self.shape[2]
            self.multiplier = _multiplier(*_quotient(self.ratio, (n, 0)))
        elif kind in (_ADD, _ADD_ACTIVATED):
            self.second(data, at, buffer)
        elif kind != _DENSE:
            fail(self.n == self.n_out, _INCONSISTENT)
        if kind in (_MAX_POOL, _AVERAGE_POOL, _RESHAPE):
            fail(self.scale == self.out_scale and self.zero == self.out_zero, _INCONSISTENT)
        if kind in _WEIGHTED:
            self.weighted(data, at)

    def activate(self, activation):
        fail(activation in (0, 1, 3), _OTHER)
        if activation:
            self.low = self.out_zero
        if activation == 3:
            self.high = min(127, _floor_quotient(6, 0, self.out_scale) + self.out_zero)

    def windows(self, data, at):
        kw, kh, sw, sh, dw, dh, activation, top, bottom, left, right = unpack_from("<6BH4B", data, at + 48)
        h, w, c = self.shape
        out_h, out_w, out_c = self.out_shape
        fail(kw and kh and sw and sh and dw == dh == 1, _INCONSISTENT)
        fail(max(top, bottom) < kh and max(left, right) < kw, _INCONSISTENT)
        fail(h + top + bottom >= kh and w + left + right >= kw, _INCONSISTENT)
        fail(out_h == (h + top + bottom - kh) // sh + 1 and out_w == (w + left + right - kw) // sw + 1, _INCONSISTENT)
        self.window = kw, kh, sw, sh, top, left
        if self.kind in (_CONV, _DEPTHWISE):
            self.activate(activation)
        else:
            fail(out_c == c, _INCONSISTENT)

    def weighted(self, data, at):
        channels = self.out_shape[2]
        if self.kind == _DENSE:
            places, each, channels = unpack_from("<3I", data, at + 48), self.n, self.n_out
        else:
            self.per_input = unpack_from("<I", data, at + 60)[0]
            places, each = unpack_from("<3I", data, at + 68), self.window[0] * self.window[1]
            if self.kind == _CONV:
                each *= self.shape[2]
            else:
                fail(channels == self.shape[2] * self.per_input, _INCONSISTENT)
        n_scales = 1 if self.kind == _DENSE else channels
        sizes = 4 * n_scales, each * channels, 4 * channels
        for place, n in zip(places, sizes):
            fail(place + n <= self.size, _INCONSISTENT)
        fail(places[0] % 4 == places[2] % 4 == 0 and each < 1 << 17, _INCONSISTENT)
        scales = unpack_from("<%dI" % n_scales, data, at + places[0])
        fail(all([bits < INFINITY for bits in scales]), _INCONSISTENT)
        multipliers = []
        for bits in scales:
            m, exponent = parts(bits)
            multipliers.append(_multiplier(self.ratio[0] * m, self.ratio[1] + exponent))
        self.multipliers = multipliers * (channels // n_scales)
        self.weights = array("b", bytes(data[at + places[1] : at + places[1] + sizes[1]]))
        self.bias = array("i", bytes(data[at + places[2] : at + places[2] + sizes[2]]))
        limit = (1 << 31) - 1 - (each << 14)
        fail(all([-limit <= b <= limit for b in self.bias]), _INCONSISTENT)

    def second(self, data, at, buffer):
        place, scale, zero, activation = unpack_from("<IIiI", data, at + 48)
        fail(self.n == self.n_out and place + self.n <= buffer, _INCONSISTENT)
        self.apart(place)
        fail(-128 <= zero <= 127, _INCONSISTENT)
        if self.kind == _ADD_ACTIVATED:
            self.activate(activation)
        m1, s1 = _multiplier(*self.ratio)
        m2, s2 = _multiplier(*_quotient(_positive(scale), self.out_scale))
        s = min(s1, s2)
        self.sum = place, zero, m1 >> s1 - s, m2 >> s2 - s, s

    def cut(self, q):
        q += self.out_zero
        return self.low if q < self.low else self.high if q > self.high else q

    def run(self, values):
        kind, start, out = self.kind, self.start, self.out
        if kind in _WINDOWED:
            self.run_windows(values)
        elif kind == _DENSE:
            self.dot(values[start : start + self.n], 0, values, out)
        elif kind == _GLOBAL:
            channels = self.shape[2]
            for c in range(channels):
                total = 0
                for i in range(start + c, start + self.n, channels):
                    total += values[i] - self.zero
                values[out + c] = self.cut(_scaled(total, self.multiplier))
        elif kind == _RESHAPE:
            values[out : out + self.n] = values[start : start + self.n]
        else:
            place, zero, m1, m2, s = self.sum
            for i in range(self.n):
                a = (values[start + i] - self.zero) * m1 + (values[place + i] - zero) * m2
                values[out + i] = self.cut(a + (1 << s - 1) >> s)

    def dot(self, patch, first, values, out, count=None):
        # Outputs from number `first` on, of the samples in the order of the weights.
        n = len(patch)
        for k in range(first, first + (count or len(self.bias))):
            total, at = self.bias[k], n * k
            for x in patch:
                total += self.weights[at] * x
                at += 1
            values[out] = self.cut(_scaled(total, self.multipliers[k]))
            out += 1

    def run_windows(self, values):
        kind = self.kind
        h, w, channels = self.shape
        kw, kh, sw, sh, top, left = self.window
        out = self.out
        for y in range(-top, sh * self.out_shape[0] - top, sh):
            for x in range(-left, sw * self.out_shape[1] - left, sw):
                patch = []
                for c in range(channels):
                    for row in range(y, y + kh):
                        at = self.start + (row * w + x) * channels + c
                        for column in range(x, x + kw):
                            if 0 <= row < h and 0 <= column < w:
                                patch.append(values[at])
                            elif kind in _WEIGHTED:
                                patch.append(self.zero)
                            at += channels
                    if kind == _CONV:
                        continue
                    if kind == _DEPTHWISE:
                        self.dot(patch, c * self.per_input, values, out, self.per_input)
                        out += self.per_input
                    else:
                        n = len(patch)
                        values[out] = max(patch) if kind == _MAX_POOL else (2 * sum(patch) + n) // (2 * n)
                        out += 1
                    patch = []
                if kind == _CONV:
                    self.dot(patch, 0, values, out)
                    out += self.out_shape[2]


# ---- Networks


class CNN:
    """A network that `new` made."""

    # This class's methods, with the network as their first argument, as in the native module.
    info, label, outputs, predict, selftest = info, label, outputs, predict, selftest

    def __init__(self, data):
        size = len(data)
        fail(size >= 64 and data[:4] == b"MAIX", _DAMAGED)
        if data[4] == 2:
            raise ValueError("network of float32: only the native module tinymaix_cnn_fp32 runs it")
        fail(data[4] == 0, _OTHER)
        inputs, n_outputs, count, buffer, second = unpack_from("<HHHII", data, 6)
        fail(inputs == n_outputs == 1 and second == 0, _OTHER)
        fail(count and buffer < 1 << 28, _DAMAGED)
        marked, end = data[36:40] != b"\0\0\0\0", size
        if marked:
            fail(data[36:40] == b"EMLN", _DAMAGED)
            fail(data[40] == 1, _OTHER)
            end = unpack_from("<I", data, 44)[0]
            fail(64 <= end <= size, _DAMAGED)
        self.layers, at = [], 64
        for i in range(count):
            layer = _Layer(data, at, end, buffer, marked)
            fail(layer.last == (i + 1 == count) and (i or layer.start == 0), _INCONSISTENT)
            self.layers.append(layer)
            at += layer.size
        fail(at == end or not marked, _DAMAGED)
        self.shape, self.data = self.layers[0].shape, data
        fail(self.shape == unpack_from("<3H", data, 22), _INCONSISTENT)
        self._buffer = array("b", bytes(buffer))

    @property
    def labels(self):
        return labels(self)

    def input_dimensions(self):
        """(height, width, channels)"""
        return self.shape

    def output_dimensions(self):
        """(height, width, channels), or (values,)."""
        shape = self.layers[-1].out_shape
        return shape[2:] if shape[:2] == (1, 1) else shape

    def memory(self):
        """Bytes of the main buffer: an object of Python has no size."""
        return len(self._buffer)

    def _input(self, x):
        code = typecode(x)
        if len(code) != 1:
            raise TypeError("expected an array, not '%s'" % code)
        fail(code in "Bbf", "expected input as array 'B', 'b' or 'f', not '%s'" % code)
        n = _values(self.shape)
        fail(len(x) == n, "expected %d inputs, got %d" % (n, len(x)))
        if code == "b":
            return x
        if code == "B":
            return [v - 128 for v in x]
        found, first = [], self.layers[0]
        for bits in array("i", bytes(x)):
            fail(bits >> 23 & 0xFF != 255, "an input is NaN or infinite")
            m, exponent = parts(bits & 0x7FFFFFFF)
            q = _floor_quotient(-m if bits < 0 else m, exponent, first.scale) + first.zero
            found.append(max(-128, min(127, q)))
        return found

    def run(self, input, output):
        """Fill array('f'), or 'b' of a network that ends in integers, with the outputs of array 'B', 'b' or 'f'."""
        x, last = self._input(input), self.layers[-1]
        code = typecode(output)
        if len(code) != 1 or isinstance(output, bytes):
            raise TypeError("expected an array for the outputs")
        kinds = "f" if last.floats else "fb"
        fail(code in kinds, "expected output as array('f'), or 'b' if the network ends in integers")
        fail(len(output) == last.n_out, "expected %d outputs, got %d" % (last.n_out, len(output)))
        values = self._buffer
        for i, q in enumerate(x):
            values[i] = q
        for layer in self.layers:
            if not layer.floats:
                layer.run(values)
        if last.floats:
            found = [values[last.start + i] for i in range(last.n)]
            if last.kind == _SOFTMAX:
                top = max(found)
                found = normalise([exp(_real(last.scale, q - top)) for q in found])
            else:
                found = [sigmoid(_real(last.scale, q - last.zero)) for q in found]
        elif code == "f":
            found = [_real(last.out_scale, values[last.out + i] - last.out_zero) for i in range(last.n_out)]
        else:
            output[:] = values[last.out : last.out + last.n_out]
            return
        output[:] = array("f", b"".join([pack("<I", bits) for bits in found]))


def new(data):
    """The network of a whole .tmdl file in memory."""
    return CNN(bytes(memoryview(data)))
