// The numbers of a potential; which components it has is written behind this, as code made for it.
//
// Layout     PLACES, HEADS and MARKS are counts of the potential, REAL is the number of its forces. `exact_head` and `exact_tables` are
//            for energies, `head` and `tables` the same numbers for forces. It is one argument of each kernel and so lies in constant
//            memory, where a number that all threads read costs as much as a register.
// See also   src/orbits/device/structure.rs
#pragma once
#include "number.cuh"

struct Model {
    const double *curves;
    const double *exact_tables;
    const REAL *tables;
    double place[PLACES];
    double exact_head[HEADS];
    REAL head[HEADS];
    int at[MARKS];
};
