// The halo of Navarro, Frenk and White with its density flattened.
//
// Formula    Phi = c_0 sum_k w_k / (1 + s_k m_k / r_s), m_k^2 = x^2 + y^2 / A_1 + z^2 / A_2 at the nodes s_k of a quadrature
// Layout     c: strength, 1 / r_s; table: s, 1 / A_1, 1 / A_2, weight of each of `count` nodes
// See also   src/orbits/potential/triaxial_nfw.rs
#pragma once
#include "../elementary.cuh"

template <class T> DEVICE T triaxial_nfw_potential(const T *c, const T *table, int count, Vector<T> p) {
    T x2 = p.x * p.x, y2 = p.y * p.y, z2 = p.z * p.z, total = T(0);
    for (int k = 0; k < count; k++) {
        const T *node = table + 4 * k;
        T m = root(x2 + y2 * node[1] + z2 * node[2] + tiny(T()));
        total += node[3] / (m * node[0] * c[1] + T(1));
    }
    return c[0] * total;
}

template <class T> DEVICE Vector<T> triaxial_nfw_acceleration(const T *c, const T *table, int count, Vector<T> p) {
    T x2 = p.x * p.x, y2 = p.y * p.y, z2 = p.z * p.z;
    Vector<T> total = {T(0), T(0), T(0)};
    for (int k = 0; k < count; k++) {
        const T *node = table + 4 * k;
        T m = root(x2 + y2 * node[1] + z2 * node[2] + tiny(T()));
        T outer = m * node[0] * c[1] + T(1);
        T pull = node[3] * node[0] / (m * outer * outer);
        total.x += pull;
        total.y += pull * node[1];
        total.z += pull * node[2];
    }
    T strength = c[0] * c[1];
    return {p.x * total.x * strength, p.y * total.y * strength, p.z * total.z * strength};
}
