// Decimal numbers from text, character by character.
//
//   eml_decimal_add(&number, c)           the next character
//   eml_decimal_int / _floor / _float     what it was
#ifndef EML_DECIMAL_H
#define EML_DECIMAL_H

#include "eml_math.h"

// A decimal number as read so far: +-digits * 10^exponent, `inexact` telling of further non-zero digits.
typedef struct {
    uint64_t digits;
    int32_t exponent;
    int32_t written_exponent; // what follows an `e`
    uint8_t negative;
    char exponent_sign; // 0: none
    uint8_t inexact;
    uint8_t n_chars;
    uint8_t part; // 0 sign, 1 whole digits, 2 fraction, 3 sign of the exponent, 4 exponent; ends in 1, 2 or 4
    uint8_t bad;
} eml_decimal_t;

#define EML_DECIMAL_MAX 100000000000000000u // 10^17: one digit more still fits uint64_t

static inline void eml_decimal_digit(eml_decimal_t *n, uint32_t digit) {
    if (n->part == 4) {
        n->written_exponent = n->written_exponent > 999 ? 1000 : n->written_exponent * 10 + (int32_t)digit;
        return;
    }
    if (n->digits < EML_DECIMAL_MAX) {
        n->digits = n->digits * 10 + digit;
        n->exponent -= n->part == 2;
    } else {
        n->inexact |= digit != 0;
        n->exponent += n->part != 2;
    }
}

static inline void eml_decimal_add(eml_decimal_t *n, char c) {
    n->n_chars = n->n_chars == 255 ? 255 : (uint8_t)(n->n_chars + 1);
    n->bad |= n->n_chars == 255; // no number is that long; keeps the exponents small
    if (c >= '0' && c <= '9') {
        n->part = n->part == 0 ? 1 : n->part == 3 ? 4 : n->part;
        eml_decimal_digit(n, (uint32_t)(c - '0'));
    } else if ((c == '-' || c == '+') && n->part == 0 && n->n_chars == 1) {
        n->negative = c == '-';
    } else if ((c == '-' || c == '+') && n->part == 3 && !n->exponent_sign) {
        n->exponent_sign = c;
    } else if (c == '.' && n->part == 1) {
        n->part = 2;
    } else if ((c == 'e' || c == 'E') && (n->part == 1 || n->part == 2)) {
        n->part = 3;
    } else {
        n->bad = 1;
    }
}

static inline int32_t eml_decimal_exponent(const eml_decimal_t *n) {
    return n->exponent + (n->exponent_sign == '-' ? -n->written_exponent : n->written_exponent);
}

static inline eml_err_t eml_decimal_int(const eml_decimal_t *n, int32_t *out) {
    if (n->bad || n->part != 1 || n->exponent || n->digits > 0x7fffffff) {
        return EML_ERR_RANGE;
    }
    *out = n->negative ? -(int32_t)n->digits : (int32_t)n->digits;
    return EML_OK;
}

// x / 10, and the remainder, without 64-bit division.
static inline uint64_t eml_decimal_div10(uint64_t x, uint32_t *remainder) {
    const uint32_t high = (uint32_t)(x >> 32);
    const uint32_t middle = (high % 10) << 28 | ((uint32_t)x >> 4);
    const uint32_t low = (middle % 10) << 4 | ((uint32_t)x & 15);
    *remainder = low % 10;
    return ((uint64_t)(high / 10) << 32) + ((uint64_t)(middle / 10) << 4) + low / 10;
}

// Largest integer not above, limited to about 10^9 either way.
static inline eml_err_t eml_decimal_floor(const eml_decimal_t *n, int32_t *out) {
    const uint64_t limit = 1000000000;
    uint64_t whole = n->digits;
    uint32_t lost = n->inexact;
    int32_t exponent = eml_decimal_exponent(n);
    if (n->bad || n->part == 0 || n->part == 3) {
        return EML_ERR_RANGE;
    }
    for (; exponent < 0 && whole; exponent++) {
        uint32_t remainder;
        whole = eml_decimal_div10(whole, &remainder);
        lost |= remainder;
    }
    for (; exponent > 0 && whole && whole < limit; exponent--) {
        whole *= 10;
    }
    whole = whole > limit ? limit : whole;
    *out = n->negative ? -(int32_t)whole - (lost != 0) : (int32_t)whole;
    return EML_OK;
}

// Bits of the float32 next to the number, within one unit of the last place.
static inline eml_err_t eml_decimal_float(const eml_decimal_t *n, uint32_t *bits) {
    if (n->bad || n->part == 0 || n->part == 3) {
        return EML_ERR_RANGE;
    }
    uint64_t mantissa = n->digits;
    int32_t exponent = eml_decimal_exponent(n);
    int binary = 0; // the number is mantissa * 2^binary * 10^exponent
    int lost = n->inexact;
    if (mantissa == 0 || exponent < -100 || exponent > 100) {
        *bits = 0;
        return exponent > 100 && mantissa ? EML_ERR_RANGE : EML_OK;
    }
    for (; exponent != 0; exponent += exponent < 0 ? 1 : -1) {
        const int shift = eml_clz64(mantissa);
        uint32_t remainder;
        mantissa <<= shift;
        binary -= shift;
        if (exponent < 0) {
            mantissa = eml_decimal_div10(mantissa, &remainder);
            lost |= remainder != 0;
        } else {
            lost |= (mantissa & 15) != 0;
            mantissa = (mantissa >> 4) * 10;
            binary += 4;
        }
    }
    *bits = (uint32_t)eml_round(mantissa, binary, lost, 24) | (n->negative ? 0x80000000u : 0);
    return (*bits & 0x7fffffff) < 0x7f800000 ? EML_OK : EML_ERR_RANGE;
}

#endif // EML_DECIMAL_H
