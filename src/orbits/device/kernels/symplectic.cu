// Orbits with fixed steps: one thread a star, from its start to its last output.
//
// Formula    v += a h/2; x += v h; a = a(x, t + h); v += a h/2; a composition does this with steps w_i h
// Layout     the state stays in registers; memory is touched at outputs alone. BLOCKS of THREADS share a multiprocessor, which bounds their
//            registers: six make a hundred thousand stars one wave on 132 multiprocessors
// Cost       LEAPS accelerations a step
// See also   src/orbits/integrate/symplectic.rs
#include "field.cuh"
#include "run.cuh"

#define BLOCKS 6

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

DEVICE void keep(const Moving &o, volatile double *kept) {
    kept[0] = o.time;
    kept[1] = o.x.x;
    kept[2] = o.x.y;
    kept[3] = o.x.z;
    kept[4] = o.v.x;
    kept[5] = o.v.y;
    kept[6] = o.v.z;
    kept[7] = o.a.x;
    kept[8] = o.a.y;
    kept[9] = o.a.z;
}

DEVICE void restore(Moving &o, const volatile double *kept) {
    o.time = kept[0];
    o.x = {kept[1], kept[2], kept[3]};
    o.v = {kept[4], kept[5], kept[6]};
    o.a = {kept[7], kept[8], kept[9]};
}

extern "C" __global__ void __launch_bounds__(THREADS, BLOCKS) symplectic(const __grid_constant__ Model model, const __grid_constant__ Run run) {
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
        // The orbit at its last whole step, in memory and not in registers: outputs between steps are rare.
        volatile double kept[10];
        // Whole steps, and then one of the rest that the orbit itself does not keep.
#pragma unroll 1
        for (long long k = 0; k < steps + (rest != 0.0); k++) {
            double step = run.step;
            if (k == steps) {
                keep(orbit, kept);
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
            restore(orbit, kept);
        }
    }
    run.energies[star] = first;
    run.energies[run.count + star] = last;
    run.ends[star] = good ? END_FINE : END_NOT_FINITE;
}
