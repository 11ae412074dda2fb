// What an integration is asked for and what it leaves.
//
// Layout     stars: six columns of `count`; states: six columns of `count` times `outputs`, those of star i from i times outputs on;
//            energies: first and last of each star, two columns; ends: one byte a star, see below
// Units      kpc, km/s; times in kpc/(km/s)
// See also   src/orbits/device/cuda.rs, whose struct this is
#pragma once

#define END_FINE 0
#define END_NOT_FINITE 1
#define END_TOO_MANY_STEPS 2

struct Run {
    const double *stars;
    double *states;
    double *energies;
    unsigned char *ends;
    // Fixed steps: whole steps before each output, and the part of a step after them; else 0 and the times of the outputs.
    const long long *steps;
    const double *rests;
    long long count;
    long long outputs;
    double start;
    // Fixed steps: the step; else the direction of time, 1 or -1.
    double step;
    double relative;
    double position;
    double velocity;
    long long most_steps;
};
