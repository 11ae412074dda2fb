// Where a component is, how it is turned, how it moves and how strong it is.
//
// Formula    p' = Z(angle + Omega t)^T M (p - centre - path(t)); a = A(t) M^T Z a'(p')
// Layout     a curve is its times, its values and its slopes, each so many rows; `mark` holds where it begins, its rows, and 1 if it keeps
//            its end values outside
// Accuracy   always in double, so that far from the origin nothing of the place is lost
// See also   src/orbits/potential/placement.rs
#pragma once
#include "elementary.cuh"

DEVICE double curve(const double *curves, const int *mark, double at) {
    int rows = mark[1];
    const double *times = curves + mark[0], *values = times + rows, *slopes = values + rows;
    int last = rows - 1;
    if (at < times[0] || at > times[last]) {
        int row = at < times[0] ? 0 : last;
        double slope = mark[2] ? 0.0 : slopes[row];
        return values[row] + slope * (at - times[row]);
    }
    // The first row after `at`.
    int low = 0, high = rows;
    while (low < high) {
        int middle = (low + high) / 2;
        if (times[middle] <= at) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    int i = low > 0 ? low - 1 : 0;
    i = i < rows - 2 ? i : rows - 2;
    double h = times[i + 1] - times[i];
    double t = (at - times[i]) / h;
    double y = values[i], rise = values[i + 1] - values[i];
    double start = h * slopes[i], end = h * slopes[i + 1];
    double squared = 3.0 * rise - 2.0 * start - end, cubed = start + end - 2.0 * rise;
    return y + t * (start + t * (squared + t * cubed));
}

DEVICE Vector<double> shifted(Vector<double> p, const double *centre) { return {p.x - centre[0], p.y - centre[1], p.z - centre[2]}; }

DEVICE Vector<double> moved(Vector<double> p, const double *curves, const int *marks, double time) {
    return {p.x - curve(curves, marks, time), p.y - curve(curves, marks + 3, time), p.z - curve(curves, marks + 6, time)};
}

DEVICE Vector<double> oriented(Vector<double> q, const double *m) {
    return {q.x * m[0] + q.y * m[1] + q.z * m[2], q.x * m[3] + q.y * m[4] + q.z * m[5], q.x * m[6] + q.y * m[7] + q.z * m[8]};
}

template <class T> DEVICE Vector<T> oriented_back(Vector<T> q, const double *m) {
    return {q.x * T(m[0]) + q.y * T(m[3]) + q.z * T(m[6]), q.x * T(m[1]) + q.y * T(m[4]) + q.z * T(m[7]),
            q.x * T(m[2]) + q.y * T(m[5]) + q.z * T(m[8])};
}

// Speed and angle of the pattern stand in `place`.
DEVICE void turn(const double *place, double time, double &s, double &c) { sine_cosine(time * place[0] + place[1], s, c); }
DEVICE Vector<double> turned(Vector<double> q, double s, double c) { return {c * q.x + s * q.y, c * q.y - s * q.x, q.z}; }
template <class T> DEVICE Vector<T> turned_back(Vector<T> a, T s, T c) { return {c * a.x - s * a.y, c * a.y + s * a.x, a.z}; }

DEVICE double constant_strength(const double *place, double) { return place[0]; }
DEVICE double linear_strength(const double *place, double time) { return greater(time * place[0] + 1.0, 0.0); }
DEVICE double exponential_strength(const double *place, double time) { return exponential(time / place[0]); }
