// A smooth function as polynomials on pieces of width 1 from 0 on.
//
// Formula    on piece i, sum c_k T_k(t), t in [-1, 1], by Clenshaw's recurrence
// Layout     14 coefficients a piece
// Edge cases arguments outside take the nearest end; NaN in, NaN out
// See also   src/numeric/pieces.rs
#pragma once
#include "number.cuh"

#define PIECE 14

template <class T> DEVICE T pieces(const T *table, int count, T x) {
    T end = T(count);
    T inside = x < T(0) ? T(0) : (end < x ? end : x);
    T piece = lesser(whole(inside), end - T(1));
    T t = (inside - piece) * T(2) - T(1);
    const T *row = table + (int)piece * PIECE;
    T twice = t * T(2), above = T(0), value = T(0);
#pragma unroll
    for (int k = PIECE - 1; k > 0; k--) {
        T next = value * twice - above + row[k];
        above = value;
        value = next;
    }
    return value * t - above + row[0];
}
