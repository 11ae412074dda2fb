// A field that is the same everywhere.
//
// Formula    Phi = -(a_x x + a_y y + a_z z)
// Layout     c: a
// See also   src/orbits/potential/uniform_field.rs
#pragma once
#include "../elementary.cuh"

template <class T> DEVICE T uniform_field_potential(const T *c, const T *, int, Vector<T> p) { return -(c[0] * p.x + c[1] * p.y + c[2] * p.z); }
template <class T> DEVICE Vector<T> uniform_field_acceleration(const T *c, const T *, int, Vector<T>) { return {c[0], c[1], c[2]}; }
