// Orbits with fixed steps: one thread a star, from its start to its last output.
//
// Formula    v += a h/2; x += v h; a = a(x, t + h); v += a h/2; a composition does this with steps w_i h
// Layout     the state stays in registers; memory is touched at outputs alone
// Cost       LEAPS accelerations a step
// See also   src/orbits/integrate/symplectic.rs
#include "field.cuh"
#include "run.cuh"

struct Moving {
    double time;
    Vector<double> x, v, a;
};

DEVICE void leap(const Model &m, Moving &o, double step) {
    double half = step * 0.5;
    o.v = sum(o.v, scaled(o.a, half));
    o.x = sum(o.x, scaled(o.v, step));
    o.time += step;
    o.a = pull(m, o.time, o.x);
    o.v = sum(o.v, scaled(o.a, half));
}

extern "C" __global__ void __launch_bounds__(THREADS) symplectic(const __grid_constant__ Model model, const __grid_constant__ Run run) {
    long long star = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (star >= run.count) {
        return;
    }
    Moving orbit;
    read_star(run.stars, run.count, star, orbit.x, orbit.v);
    orbit.time = run.start;
    orbit.a = pull(model, orbit.time, orbit.x);
    double first = energy(model, orbit.time, orbit.x, orbit.v), last = first;
    bool good = finite(orbit.x) && finite(orbit.v);
    long long done = 0;
    for (long long row = 0; row < run.outputs; row++) {
        long long steps = run.steps[row];
        double rest = run.rests[row];
        Moving aside = orbit;
        // Whole steps, and then one of the rest that the orbit itself does not keep.
#pragma unroll 1
        for (long long k = 0; k < steps + (rest != 0.0); k++) {
            double step = run.step;
            if (k == steps) {
                aside = orbit;
                step = rest;
            }
#pragma unroll 1
            for (int part = 0; part < LEAPS; part++) {
                leap(model, orbit, step * WEIGHTS[part]);
            }
            if (k < steps) {
                done++;
                // Counted, not summed: the times of many steps do not drift.
                orbit.time = run.start + run.step * (double)done;
            }
        }
        good = good && finite(orbit.x) && finite(orbit.v);
        write_state(run.states, run.count * run.outputs, star * run.outputs + row, orbit.x, orbit.v);
        if (row + 1 == run.outputs) {
            last = energy(model, orbit.time, orbit.x, orbit.v);
        }
        if (rest != 0.0) {
            orbit = aside;
        }
    }
    run.energies[star] = first;
    run.energies[run.count + star] = last;
    run.ends[star] = good ? END_FINE : END_NOT_FINITE;
}
