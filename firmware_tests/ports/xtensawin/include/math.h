// What MicroPython calls and its lib/libm holds. FLOATS(name): name() and namef().
#pragma once
#define INFINITY     __builtin_inff()
#define NAN          __builtin_nanf("")
#define HUGE_VALF    __builtin_inff()
#define FP_NAN       0
#define FP_INFINITE  1
#define FP_ZERO      2
#define FP_SUBNORMAL 3
#define FP_NORMAL    4
#define fpclassify(x) __builtin_fpclassify(FP_NAN, FP_INFINITE, FP_NORMAL, FP_SUBNORMAL, FP_ZERO, x)
#define isnan(x)      __builtin_isnan(x)
#define isinf(x)      __builtin_isinf(x)
#define isfinite(x)   __builtin_isfinite(x)
#define signbit(x)    __builtin_signbit(x)

typedef float float_t;
typedef double double_t;
#define FLT_EVAL_METHOD 0

#define FLOATS(name) float name##f(float); double name(double);
FLOATS(acos) FLOATS(acosh) FLOATS(asin) FLOATS(asinh) FLOATS(atan) FLOATS(atanh) FLOATS(ceil) FLOATS(cos) FLOATS(cosh)
FLOATS(erf) FLOATS(erfc) FLOATS(exp) FLOATS(expm1) FLOATS(fabs) FLOATS(floor) FLOATS(lgamma) FLOATS(log) FLOATS(log10)
FLOATS(log1p) FLOATS(log2) FLOATS(nearbyint) FLOATS(rint) FLOATS(round) FLOATS(sin) FLOATS(sinh) FLOATS(sqrt) FLOATS(tan)
FLOATS(tanh) FLOATS(tgamma) FLOATS(trunc)
#undef FLOATS
#define FLOATS(name) float name##f(float, float); double name(double, double);
FLOATS(atan2) FLOATS(copysign) FLOATS(fmod) FLOATS(pow)
#undef FLOATS
float frexpf(float, int *);
float ldexpf(float, int);
float modff(float, float *);
float nanf(const char *);
float scalbnf(float, int);

// newlib's names, which lib/libm uses
typedef __UINT8_TYPE__ __uint8_t;
typedef __INT32_TYPE__ __int32_t;
typedef __UINT32_TYPE__ __uint32_t;
