// Spiral arms of Cox and Gomez.
//
// Formula    Phi = -4 pi G H rho_0 exp(-(R - r_0) / R_s) Sum_n C_n / (K_n D_n) cos(n gamma) sech(K_n z / beta_n)^beta_n
// Layout     c: strength, N / sin alpha, cot alpha, r_0, 1 / R_s, H, phi_0, N
// Accuracy   the acceleration is the potential's exact derivative
// See also   src/orbits/potential/spiral_arms.rs
#pragma once
#include "../dual.cuh"

#define SPIRAL_AXIS_KPC2 1e-20
#define SPIRAL_BETA 0.4
#define SPIRAL_DEPTH 0.3
#define SPIRAL_LN_2 0.6931471805599453

// Weights of narrow arms with wide gaps; a sinusoid has the weight 1 alone.
template <class T> DEVICE T spiral_weight(int terms, int n) {
    return terms == 1 ? T(1) : n == 0 ? T(0.8488263631567752) : n == 1 ? T(0.5) : T(0.16976527263135505);
}

// ln cosh w for w >= 0; N is the kind of number, T that of constants.
template <class T, class N> DEVICE N spiral_ln_cosh(N w, N one) {
    N near = w < one ? w : one;
    N sinh = (exponential_less_1(near) - exponential_less_1(-near)) * T(0.5);
    return choose(w < one, log_of_1_and(sinh * sinh) * T(0.5), w - T(SPIRAL_LN_2) + log_of_1_and(exponential(w * T(-2))));
}

template <int TERMS, class T, class N> DEVICE N spiral_sum(const T *c, Vector<N> p, N one) {
    N radius = root(p.x * p.x + p.y * p.y + T(SPIRAL_AXIS_KPC2));
    // exp(i N phi), and exp(i gamma) of it.
    N cx = p.x / radius, sx = p.y / radius;
    N cos = cx, sin = sx;
    for (int arm = 1; arm < (int)c[7]; arm++) {
        N next = cos * cx - sin * sx;
        sin = cos * sx + sin * cx;
        cos = next;
    }
    N s, o;
    sine_cosine((natural_log(radius / c[3]) * c[2] + c[6]) * c[7], s, o);
    N next = cos * o + sin * s;
    sin = sin * o - cos * s;
    cos = next;
    N wave = cos, cross = sin, height = size(p.z), total = one * T(0);
    for (int n = 0; n < TERMS; n++) {
        N k = one * (c[1] * T(n + 1)) / radius;
        N kh = k * c[5];
        N widen = kh * T(SPIRAL_BETA) + T(1);
        N beta = kh * widen;
        N depth = (kh * (kh * T(SPIRAL_DEPTH) + T(1)) + T(1)) / (kh * T(SPIRAL_DEPTH) + T(1));
        N fall = exponential(-(beta * spiral_ln_cosh<T>(height / (widen * c[5]), one)));
        total = total + wave * spiral_weight<T>(TERMS, n) * fall / (k * depth);
        N turned = wave * cos - cross * sin;
        cross = wave * sin + cross * cos;
        wave = turned;
    }
    return exponential(-((radius - c[3]) * c[4])) * c[0] * total;
}

template <int TERMS, class T> DEVICE Vector<T> spiral_pull(const T *c, Vector<T> p) {
    Vector<Dual<T>> q = {variable(p.x, 0), variable(p.y, 1), variable(p.z, 2)};
    Dual<T> phi = spiral_sum<TERMS>(c, q, fixed(T(1)));
    return {-phi.slope[0], -phi.slope[1], -phi.slope[2]};
}

template <class T> DEVICE T spiral_arms_potential(const T *c, const T *, int, Vector<T> p) { return spiral_sum<3>(c, p, T(1)); }
template <class T> DEVICE Vector<T> spiral_arms_acceleration(const T *c, const T *, int, Vector<T> p) { return spiral_pull<3>(c, p); }
template <class T> DEVICE T spiral_arms_sinusoidal_potential(const T *c, const T *, int, Vector<T> p) { return spiral_sum<1>(c, p, T(1)); }
template <class T> DEVICE Vector<T> spiral_arms_sinusoidal_acceleration(const T *c, const T *, int, Vector<T> p) { return spiral_pull<1>(c, p); }
