// Numbers with three directional derivatives.
//
// Formula    f(x + sum e_i dx_i) = f(x) + f'(x) sum e_i dx_i, e_i e_j = 0
// See also   src/numeric/dual.rs
#pragma once
#include "elementary.cuh"

template <class T> struct Dual {
    T value;
    T slope[3];
};

template <class T> DEVICE Dual<T> variable(T value, int direction) {
    return {value, {direction == 0 ? T(1) : T(0), direction == 1 ? T(1) : T(0), direction == 2 ? T(1) : T(0)}};
}
template <class T> DEVICE Dual<T> fixed(T value) { return {value, {T(0), T(0), T(0)}}; }
// f(x) and f'(x) dx.
template <class T> DEVICE Dual<T> chain(Dual<T> x, T value, T slope) {
    return {value, {x.slope[0] * slope, x.slope[1] * slope, x.slope[2] * slope}};
}

template <class T> DEVICE Dual<T> operator+(Dual<T> a, Dual<T> b) {
    return {a.value + b.value, {a.slope[0] + b.slope[0], a.slope[1] + b.slope[1], a.slope[2] + b.slope[2]}};
}
template <class T> DEVICE Dual<T> operator-(Dual<T> a, Dual<T> b) {
    return {a.value - b.value, {a.slope[0] - b.slope[0], a.slope[1] - b.slope[1], a.slope[2] - b.slope[2]}};
}
template <class T> DEVICE Dual<T> operator*(Dual<T> a, Dual<T> b) {
    return {a.value * b.value,
            {a.slope[0] * b.value + b.slope[0] * a.value, a.slope[1] * b.value + b.slope[1] * a.value,
             a.slope[2] * b.value + b.slope[2] * a.value}};
}
template <class T> DEVICE Dual<T> operator/(Dual<T> a, Dual<T> b) {
    T inverse = T(1) / b.value;
    T value = a.value / b.value;
    return {value,
            {(a.slope[0] - value * b.slope[0]) * inverse, (a.slope[1] - value * b.slope[1]) * inverse,
             (a.slope[2] - value * b.slope[2]) * inverse}};
}
template <class T> DEVICE Dual<T> operator-(Dual<T> a) { return chain(a, -a.value, T(-1)); }
template <class T> DEVICE Dual<T> operator+(Dual<T> a, T b) { return {a.value + b, {a.slope[0], a.slope[1], a.slope[2]}}; }
template <class T> DEVICE Dual<T> operator-(Dual<T> a, T b) { return {a.value - b, {a.slope[0], a.slope[1], a.slope[2]}}; }
template <class T> DEVICE Dual<T> operator*(Dual<T> a, T b) { return chain(a, a.value * b, b); }
template <class T> DEVICE Dual<T> operator/(Dual<T> a, T b) { return chain(a, a.value / b, T(1) / b); }

template <class T> DEVICE Dual<T> root(Dual<T> x) {
    T value = root(x.value);
    return chain(x, value, T(0.5) / value);
}
template <class T> DEVICE Dual<T> natural_log(Dual<T> x) { return chain(x, natural_log(x.value), T(1) / x.value); }
template <class T> DEVICE Dual<T> log_of_1_and(Dual<T> x) { return chain(x, log_of_1_and(x.value), T(1) / (x.value + T(1))); }
template <class T> DEVICE Dual<T> exponential(Dual<T> x) {
    T power = exponential(x.value);
    return chain(x, power, power);
}
template <class T> DEVICE Dual<T> exponential_less_1(Dual<T> x) { return chain(x, exponential_less_1(x.value), exponential(x.value)); }
template <class T> DEVICE void sine_cosine(Dual<T> x, Dual<T> &s, Dual<T> &c) {
    T sine, cosine;
    sine_cosine(x.value, sine, cosine);
    s = chain(x, sine, cosine);
    c = chain(x, cosine, -sine);
}
template <class T> DEVICE Dual<T> size(Dual<T> x) { return chain(x, size(x.value), x.value < T(0) ? T(-1) : T(1)); }
template <class T> DEVICE bool operator<(Dual<T> a, Dual<T> b) { return a.value < b.value; }
