// Acceleration and energy in a potential.
//
// Formula    energy v^2/2 + Phi, in double; acceleration in REAL, added to the state in double
// See also   src/orbits/field.rs
#pragma once
#include "model.cuh"

// Written for each potential:
template <class T> DEVICE T potential(const Model &m, const T *head, const T *tables, double time, Vector<double> p);
template <class T> DEVICE Vector<T> acceleration(const Model &m, const T *head, const T *tables, double time, Vector<double> p);

DEVICE Vector<double> pull(const Model &m, double time, Vector<double> p) {
    return to<double>(acceleration<REAL>(m, m.head, m.tables, time, p));
}

// Called twice an orbit: not worth its code in the loops.
static __device__ __noinline__ double energy(const Model &m, double time, Vector<double> p, Vector<double> v) {
    return dot(v, v) * 0.5 + potential<double>(m, m.exact_head, m.exact_tables, time, p);
}

// Position and velocity at `row` of `stars`, six columns of `count` rows.
DEVICE void read_star(const double *stars, long long count, long long row, Vector<double> &x, Vector<double> &v) {
    x = {stars[row], stars[count + row], stars[2 * count + row]};
    v = {stars[3 * count + row], stars[4 * count + row], stars[5 * count + row]};
}

// The same into six columns of `count` rows.
DEVICE void write_state(double *states, long long count, long long row, Vector<double> x, Vector<double> v) {
    states[row] = x.x;
    states[count + row] = x.y;
    states[2 * count + row] = x.z;
    states[3 * count + row] = v.x;
    states[4 * count + row] = v.y;
    states[5 * count + row] = v.z;
}
