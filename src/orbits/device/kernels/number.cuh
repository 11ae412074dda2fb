// Numbers and vectors of the kernels.
//
// Layout     T is double, float, or Dual of either; REAL is the number that forces are computed in, double or float
// See also   src/numeric/real.rs, whose operations these are, in the same order
#pragma once

#define DEVICE static __device__ __forceinline__

template <class T> struct Vector {
    T x, y, z;
};

template <class T, class S> DEVICE Vector<T> to(Vector<S> v) { return {T(v.x), T(v.y), T(v.z)}; }
template <class T> DEVICE T dot(Vector<T> a, Vector<T> b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
template <class T> DEVICE Vector<T> scaled(Vector<T> v, T by) { return {v.x * by, v.y * by, v.z * by}; }
template <class T> DEVICE Vector<T> sum(Vector<T> a, Vector<T> b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
template <class T> DEVICE T choose(bool mask, T yes, T no) { return mask ? yes : no; }
template <class T> DEVICE T square(T x) { return x * x; }
template <class T> DEVICE T lesser(T a, T b) { return a < b ? a : b; }
template <class T> DEVICE T greater(T a, T b) { return b < a ? a : b; }

DEVICE double root(double x) { return sqrt(x); }
DEVICE float root(float x) { return sqrtf(x); }
DEVICE double size(double x) { return fabs(x); }
DEVICE float size(float x) { return fabsf(x); }
DEVICE double whole(double x) { return floor(x); }
DEVICE float whole(float x) { return floorf(x); }
DEVICE double arc_tangent(double x) { return atan(x); }
DEVICE float arc_tangent(float x) { return atanf(x); }
DEVICE void sine_cosine(double x, double &s, double &c) { sincos(x, &s, &c); }
DEVICE void sine_cosine(float x, float &s, float &c) { sincosf(x, &s, &c); }

// Keeps divisions finite at the origin [kpc^2]; single precision needs more of it, for the third power of its root is divided by.
DEVICE double tiny(double) { return 1e-60; }
DEVICE float tiny(float) { return 1e-18f; }
template <class T> DEVICE T radius(Vector<T> p) { return root(dot(p, p) + tiny(T())); }

DEVICE bool finite(Vector<double> v) { return isfinite(v.x) && isfinite(v.y) && isfinite(v.z); }
