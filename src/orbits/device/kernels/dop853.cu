// Orbits with steps that an error estimate chooses: one thread a star, each with steps of its own.
//
// Formula    k_s = f(t + c_s h, y + h sum a_sj k_j); next step = h min(6, max(1/3, 0.9 e^(-0.7/8) e_before^(0.4/8)))
// Layout     coefficients in constant memory, slopes of the stages in local memory, which the first cache holds
// Source     Hairer, Norsett & Wanner 1993, section II.5
// Cost       11 accelerations a step, 3 more where an output lies within
// See also   src/orbits/integrate/adaptive.rs, src/orbits/integrate/tableau.rs
#include "field.cuh"
#include "run.cuh"

#define STAGES 16
#define TERMS 7
#define EXPONENT (1.0 / 8.0)
#define SAFETY 0.9
#define GREATEST_GROWTH 6.0
#define GREATEST_SHRINKING (1.0 / 3.0)
#define PRESENT 0.7
#define BEFORE 0.4
#define SMALLEST_ERROR 1e-4
#define FIRST_STEP 0.02
#define SHARE 0.01

struct Moving {
    double time;
    Vector<double> x, v, a;
};

DEVICE bool good(const Moving &o) { return finite(o.x) && finite(o.v) && finite(o.a); }

DEVICE void slope(const Moving &o, double *k) {
    k[0] = o.v.x;
    k[1] = o.v.y;
    k[2] = o.v.z;
    k[3] = o.a.x;
    k[4] = o.a.y;
    k[5] = o.a.z;
}

// h times the weighted sum of the first `stages` slopes.
DEVICE void combined(const double (*k)[6], const double *weights, int stages, double step, double *out) {
    double total[6] = {0.0, 0.0, 0.0, 0.0, 0.0, 0.0};
    // Unrolled, the slopes would fill all registers.
#pragma unroll 2
    for (int j = 0; j < stages; j++) {
        double w = weights[j];
#pragma unroll
        for (int i = 0; i < 6; i++) {
            total[i] += w * k[j][i];
        }
    }
#pragma unroll
    for (int i = 0; i < 6; i++) {
        out[i] = step * total[i];
    }
}

// Stage s of a step from `from`.
static __device__ __noinline__ void stage(const Model &m, const Moving &from, double step, const double (*k)[6], int s, Moving &to) {
    double change[6];
    combined(k, DOP853_A[s], s, step, change);
    to.time = from.time + DOP853_C[s] * step;
    to.x = {from.x.x + change[0], from.x.y + change[1], from.x.z + change[2]};
    to.v = {from.v.x + change[3], from.v.y + change[4], from.v.z + change[5]};
    to.a = pull(m, to.time, to.x);
}

// Size of an error over the allowed one: root of the mean of the squares of its two parts.
DEVICE double error_size(const double *e, double position, double velocity) {
    double x = (e[0] * e[0] + e[1] * e[1] + e[2] * e[2]) / (position * position);
    double v = (e[3] * e[3] + e[4] * e[4] + e[5] * e[5]) / (velocity * velocity);
    return root(0.5 * (x + v));
}

DEVICE double longer(Vector<double> a, Vector<double> b) { return root(fmax(dot(a, a), dot(b, b))); }

DEVICE double first_step(const Moving &o) {
    double fall = root(root(dot(o.x, o.x)) / root(dot(o.a, o.a)));
    double crossing = root(dot(o.x, o.x)) / root(dot(o.v, o.v));
    double step = FIRST_STEP * (fall < crossing ? fall : crossing);
    return isfinite(step) && step > 0.0 ? step : FIRST_STEP * FIRST_STEP;
}

extern "C" __global__ void __launch_bounds__(THREADS) dop853(const __grid_constant__ Model model, const __grid_constant__ Run run) {
    long long star = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (star >= run.count) {
        return;
    }
    const double *times = run.rests;
    const double sign = run.step;
    const long long rows = run.count * run.outputs, begin = star * run.outputs;
    double k[STAGES][6], change[6];
    Moving orbit, next;
    read_star(run.stars, run.count, star, orbit.x, orbit.v);
    orbit.time = run.start;
    orbit.a = pull(model, orbit.time, orbit.x);
    const double first = energy(model, orbit.time, orbit.x, orbit.v);
    const double end = run.outputs > 0 ? times[run.outputs - 1] : run.start;
    double step = sign * fmin(first_step(orbit), fabs(end - run.start));
    double before = SMALLEST_ERROR;
    bool after_rejection = false;
    int how = good(orbit) ? END_FINE : END_NOT_FINITE;
    long long row = 0, tried = 0;
    while (how == END_FINE && row < run.outputs && times[row] == run.start) {
        write_state(run.states, rows, begin + row++, orbit.x, orbit.v);
    }
    while (how == END_FINE && row < run.outputs) {
        if (tried >= run.most_steps) {
            how = END_TOO_MANY_STEPS;
            break;
        }
        tried++;
        // The last step lands on the end; one that would leave a sliver is stretched.
        const double left = end - orbit.time;
        const bool lands = (left - step * 1.01) * sign <= 0.0;
        if (lands) {
            step = left;
        }
        slope(orbit, k[0]);
#pragma unroll 1
        for (int s = 1; s <= 12; s++) {
            stage(model, orbit, step, k, s, next);
            slope(next, k[s]);
        }
        const double position = run.position + run.relative * longer(orbit.x, next.x);
        const double velocity = run.velocity + run.relative * longer(orbit.v, next.v);
        combined(k, DOP853_ERROR5, 12, step, change);
        const double five = error_size(change, position, velocity);
        combined(k, DOP853_ERROR3, 12, step, change);
        const double three = error_size(change, position, velocity);
        const double both = five * five + SHARE * three * three;
        const double error = both > 0.0 ? five * five / root(both) : both;
        if (!(error <= 1.0) || !good(next)) {
            step *= isfinite(error) ? fmax(SAFETY * pow(error, -EXPONENT), GREATEST_SHRINKING) : 0.1;
            after_rejection = true;
            if (orbit.time + step * 0.5 == orbit.time) {
                how = isfinite(error) ? END_TOO_MANY_STEPS : END_NOT_FINITE;
            }
            continue;
        }
        if (lands) {
            next.time = end;
        }
        if ((times[row] - next.time) * sign < 0.0) {
#pragma unroll 1
            for (int s = 13; s < STAGES; s++) {
                Moving extra;
                stage(model, orbit, step, k, s, extra);
                slope(extra, k[s]);
            }
            double terms[TERMS][6];
            const double from[6] = {orbit.x.x, orbit.x.y, orbit.x.z, orbit.v.x, orbit.v.y, orbit.v.z};
            const double to[6] = {next.x.x, next.x.y, next.x.z, next.v.x, next.v.y, next.v.z};
#pragma unroll
            for (int i = 0; i < 6; i++) {
                double whole = to[i] - from[i];
                terms[0][i] = whole;
                terms[1][i] = step * k[0][i] - whole;
                terms[2][i] = 2.0 * whole - step * (k[12][i] + k[0][i]);
            }
#pragma unroll 1
            for (int n = 0; n < 4; n++) {
                combined(k, DOP853_DENSE[n], STAGES, step, terms[n + 3]);
            }
            while (row < run.outputs && (times[row] - next.time) * sign < 0.0) {
                const double x = (times[row] - orbit.time) / step;
                double at[6];
#pragma unroll
                for (int i = 0; i < 6; i++) {
                    double total = 0.0;
#pragma unroll
                    for (int n = TERMS - 1; n >= 0; n--) {
                        total = (total + terms[n][i]) * (n % 2 == 1 ? 1.0 - x : x);
                    }
                    at[i] = from[i] + total;
                }
                write_state(run.states, rows, begin + row++, {at[0], at[1], at[2]}, {at[3], at[4], at[5]});
            }
        }
        while (row < run.outputs && times[row] == next.time) {
            write_state(run.states, rows, begin + row++, next.x, next.v);
        }
        const double kept = fmax(error, SMALLEST_ERROR);
        const double growth = SAFETY * pow(kept, -PRESENT * EXPONENT) * pow(before, BEFORE * EXPONENT);
        const double most = after_rejection ? 1.0 : GREATEST_GROWTH;
        step *= growth < GREATEST_SHRINKING ? GREATEST_SHRINKING : (growth > most ? most : growth);
        before = kept;
        after_rejection = false;
        orbit = next;
    }
    const double nothing = no_number();
    while (row < run.outputs) {
        write_state(run.states, rows, begin + row++, {nothing, nothing, nothing}, {nothing, nothing, nothing});
    }
    run.energies[star] = first;
    run.energies[run.count + star] = energy(model, orbit.time, orbit.x, orbit.v);
    run.ends[star] = (unsigned char)how;
}
