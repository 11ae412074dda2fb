// Potential and acceleration at points.
//
// Layout     points: three columns of `count`; answers: four columns, potential and the three parts of the acceleration
// Units      kpc, (km/s)^2, (km/s)^2/kpc; time in kpc/(km/s)
// See also   src/orbits/field.rs
#include "field.cuh"

struct Points {
    const double *points;
    double *answers;
    long long count;
    double time;
};

extern "C" __global__ void __launch_bounds__(THREADS) evaluate(const __grid_constant__ Model model, const __grid_constant__ Points run) {
    long long row = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= run.count) {
        return;
    }
    Vector<double> p = {run.points[row], run.points[run.count + row], run.points[2 * run.count + row]};
    Vector<double> a = pull(model, run.time, p);
    run.answers[row] = (double)potential<REAL>(model, model.head, model.tables, run.time, p);
    run.answers[run.count + row] = a.x;
    run.answers[2 * run.count + row] = a.y;
    run.answers[3 * run.count + row] = a.z;
}
