// Exponential and logarithm without branches.
//
// Formula    ln(2^k m) = k ln 2 + 2 atanh(f/(2 + f)), m = 1 + f in [sqrt(1/2), sqrt 2); exp(k ln 2 + r) = 2^k exp(r), |r| <= ln(2)/2
// Accuracy   double: the bits of src/numeric/elementary.rs where products and sums are not fused, else 1 unit in the last place;
//            float: the functions of the platform
// See also   src/numeric/elementary.rs for constants and edge cases
#pragma once
#include "number.cuh"

#define LOG2_E 1.4426950408889634
#define SQRT_2 1.4142135623730951
#define ROUND 6755399441055744.0
#define RAISE 18014398509481984.0
#define LEAST_NORMAL 2.2250738585072014e-308
#define LARGEST_EXP 709.782712893384
#define SMALLEST_EXP (-707.7)

DEVICE double infinite() { return __longlong_as_double(0x7ff0000000000000ll); }
DEVICE double no_number() { return __longlong_as_double(0x7ff8000000000000ll); }
// Upper part of ln 2, with 21 zero bits at its end, and what is left of it.
DEVICE double ln2_high() { return __longlong_as_double(0x3fe62e42fee00000ll); }
DEVICE double ln2_low() { return (0.6931471805599453 - ln2_high()) + 2.3190468138462996e-17; }

// k and f of x = 2^k (1 + f).
DEVICE void reduce_log(double x, double &k, double &f) {
    bool small = x < LEAST_NORMAL;
    long long bits = __double_as_longlong(small ? x * RAISE : x);
    double mantissa = __longlong_as_double((bits & 0xfffffffffffffll) | 0x3ff0000000000000ll);
    bool above = mantissa > SQRT_2;
    mantissa = above ? 0.5 * mantissa : mantissa;
    double exponent = __longlong_as_double(((bits >> 52) & 0x7ff) | 0x4330000000000000ll) - 4503599627370496.0;
    k = exponent - 1023.0 + (above ? 1.0 : 0.0) - (small ? 54.0 : 0.0);
    f = mantissa - 1.0;
}

// k ln 2 + ln(1 + f) + lost.
DEVICE double series_log(double f, double k, double lost) {
    double s = f / (2.0 + f);
    double z = s * s;
    double sum = 2.0 / 23.0;
    sum = sum * z + 2.0 / 21.0;
    sum = sum * z + 2.0 / 19.0;
    sum = sum * z + 2.0 / 17.0;
    sum = sum * z + 2.0 / 15.0;
    sum = sum * z + 2.0 / 13.0;
    sum = sum * z + 2.0 / 11.0;
    sum = sum * z + 2.0 / 9.0;
    sum = sum * z + 2.0 / 7.0;
    sum = sum * z + 2.0 / 5.0;
    sum = sum * z + 2.0 / 3.0;
    double rest = z * sum;
    double half = 0.5 * f * f;
    return k * ln2_high() - ((half - (s * (half + rest) + (k * ln2_low() + lost))) - f);
}

DEVICE double natural_log(double x) {
    double k, f;
    reduce_log(x, k, f);
    double value = series_log(f, k, 0.0);
    value = x == infinite() ? x : value;
    value = x > 0.0 ? value : no_number();
    return x == 0.0 ? -infinite() : value;
}

// ln(1 + x).
DEVICE double log_of_1_and(double x) {
    double sum = 1.0 + x;
    double lost = sum < infinite() ? (x - (sum - 1.0)) / sum : 0.0;
    double k, f;
    reduce_log(sum, k, f);
    bool small = k == 0.0;
    double value = series_log(small ? x : f, k, small ? 0.0 : lost);
    value = sum == infinite() ? sum : value;
    value = sum > 0.0 ? value : no_number();
    return sum == 0.0 ? -infinite() : value;
}

// 2^(k-1) and the two parts of r for x = k ln 2 + r.
DEVICE double reduce_exp(double x, double &r, double &low) {
    double inside = x < SMALLEST_EXP ? SMALLEST_EXP : (x > LARGEST_EXP ? LARGEST_EXP : x);
    double shifted = inside * LOG2_E + ROUND;
    double k = shifted - ROUND;
    double high = inside - k * ln2_high();
    double part = k * ln2_low();
    r = high - part;
    low = (high - r) - part;
    return __longlong_as_double((long long)((unsigned long long)(__double_as_longlong(shifted) + 1022) << 52));
}

// exp(r) - 1 - r for |r| <= 0.35.
DEVICE double tail_exp(double r) {
    double sum = 1.0 / 87178291200.0;
    sum = sum * r + 1.0 / 6227020800.0;
    sum = sum * r + 1.0 / 479001600.0;
    sum = sum * r + 1.0 / 39916800.0;
    sum = sum * r + 1.0 / 3628800.0;
    sum = sum * r + 1.0 / 362880.0;
    sum = sum * r + 1.0 / 40320.0;
    sum = sum * r + 1.0 / 5040.0;
    sum = sum * r + 1.0 / 720.0;
    sum = sum * r + 1.0 / 120.0;
    sum = sum * r + 1.0 / 24.0;
    sum = sum * r + 1.0 / 6.0;
    sum = sum * r + 0.5;
    return r * r * sum;
}

DEVICE double limit_exp(double x, double value, double below) {
    value = x > LARGEST_EXP ? infinite() : value;
    value = x < SMALLEST_EXP ? below : value;
    return x != x ? x : value;
}

DEVICE double exponential(double x) {
    double r, low;
    double scale = reduce_exp(x, r, low);
    return limit_exp(x, scale * (1.0 + (r + (low + tail_exp(r)))) * 2.0, 0.0);
}

// exp(x) - 1.
DEVICE double exponential_less_1(double x) {
    double r, low;
    double scale = reduce_exp(x, r, low);
    double part = r + (low + tail_exp(r));
    double value = scale == 0.5 ? part : ((scale - 0.5) + scale * part) * 2.0;
    return limit_exp(x, value, -1.0);
}

DEVICE float natural_log(float x) { return logf(x); }
DEVICE float log_of_1_and(float x) { return log1pf(x); }
DEVICE float exponential(float x) { return expf(x); }
DEVICE float exponential_less_1(float x) { return expm1f(x); }
