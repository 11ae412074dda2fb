#!/usr/bin/env python3
"""Times one peer on one task of the orbit benchmark, in MWPotential2014.

    orbits.py FILE TASK --tool galpy|gala [--stars N]

FILE holds stars as six columns of little-endian doubles: x, y, z [kpc], vx, vy, vz [km/s].
Prints `time <task> <microseconds a star> <mean of the answer>`, `peak <MiB>` and `version <text>`; imports and the making of objects are
not timed. galpy uses its C code on all cores (OpenMP), gala's C code has one thread and gets one process for each core.
"""
import argparse
import os
import resource
import sys
import time
import warnings

import numpy as np

warnings.filterwarnings("ignore")

STEPS = 1000
# One kpc/(km/s), followed in steps of a thousandth.
SPAN = 1.0
TOLERANCE = 1e-10
G, RO, VO = 4.300917270036279e-6, 8.0, 220.0
MASSES = {"bulge": 4501365375.06545, "disc": 68193902782.346756, "halo": 436833250000.0}
FOCAL = 3.2


def cylindrical(stars):
    x, y, z, vx, vy, vz = stars
    radius = np.hypot(x, y)
    return radius, (x * vx + y * vy) / radius, (x * vy - y * vx) / radius, z, vz, np.arctan2(y, x)


def galpy_task(task, stars):
    import galpy
    from galpy.actionAngle import actionAngleStaeckel, estimateDeltaStaeckel
    from galpy.orbit import Orbit
    from galpy.potential import MWPotential2014

    radius, v_r, v_t, z, v_z, phi = cylindrical(stars)
    natural = [radius / RO, v_r / VO, v_t / VO, z / RO, v_z / VO]
    cores, tool = os.cpu_count(), f"{galpy.__version__}"
    if task in ("leapfrog", "dop853", "summary_orbit"):
        orbit = Orbit(np.stack([*natural, phi], axis=1), ro=RO, vo=VO)
        end = SPAN * VO / RO
        if task == "summary_orbit":
            # Ten circular periods at the star's radius, which is what the summary needs; galpy takes one grid of times for all.
            times = np.linspace(0, 10 * 2 * np.pi * np.median(natural[0]), 1001)
        else:
            times = np.linspace(0, end, 2)
        extra = {"dt": end / STEPS} if task == "leapfrog" else {"rtol": TOLERANCE, "atol": TOLERANCE}
        started = time.perf_counter()
        orbit.integrate(times, MWPotential2014, method=f"{'leapfrog' if task == 'leapfrog' else 'dop853'}_c", progressbar=False,
                        numcores=cores, **extra)
        if task == "summary_orbit":
            # Extrema of the grid: galpy's rperi and rap with analytic=False do no more.
            answer = orbit.rap(analytic=False)
            orbit.rperi(analytic=False), orbit.zmax(analytic=False), orbit.e(analytic=False)
        else:
            answer = orbit.r(times[-1])
        return tool, time.perf_counter() - started, np.mean(answer)
    started = time.perf_counter()
    delta = FOCAL / RO
    if "local" in task:
        # The estimate is numpy over second derivatives in Python, one pass over all stars.
        delta = estimateDeltaStaeckel(MWPotential2014, natural[0], natural[3], no_median=True)
    actions = actionAngleStaeckel(pot=MWPotential2014, delta=delta, c=True)
    if task.startswith("summary"):
        found = actions.EccZmaxRperiRap(*natural, delta=delta, c=True)
        return tool, time.perf_counter() - started, np.nanmean(found[3]) * RO
    found = actions.actionsFreqs(*natural, delta=delta, c=True) if "frequencies" in task else actions(*natural, delta=delta, c=True)
    elapsed = time.perf_counter() - started
    bound = np.abs(found[0]) < 9000
    return tool, elapsed, np.mean(found[0][bound]) * RO * VO


def gala_part(task, stars):
    import astropy.units as u
    import gala.dynamics as gd
    import gala.integrate as gi
    import gala.potential as gp
    from gala.units import UnitSystem

    # gala has its own G: masses are scaled so that G M is ours; its unit of time is kpc/(km/s).
    units = UnitSystem(u.kpc, u.kpc / (u.km / u.s), u.Msun, u.radian)
    own = gp.HernquistPotential(m=1, c=1, units=units).G
    mass = {name: value * G / own for name, value in MASSES.items()}
    field = gp.CCompositePotential(
        bulge=gp.PowerLawCutoffPotential(m=mass["bulge"], alpha=1.8, r_c=1.9, units=units),
        disc=gp.MiyamotoNagaiPotential(m=mass["disc"], a=3.0, b=0.28, units=units),
        halo=gp.NFWPotential(m=mass["halo"], r_s=16.0, units=units),
    )
    w0 = gd.PhaseSpacePosition(pos=stars[:3] * u.kpc, vel=stars[3:] * u.km / u.s)
    hamiltonian = gp.Hamiltonian(field)
    unit = u.kpc / (u.km / u.s)

    def run():
        if task == "leapfrog":
            return hamiltonian.integrate_orbit(w0, dt=SPAN / STEPS * unit, n_steps=STEPS, Integrator=gi.LeapfrogIntegrator, store_all=False)
        return hamiltonian.integrate_orbit(w0, t=np.array([0.0, SPAN]) * unit, Integrator=gi.DOPRI853Integrator,
                                           Integrator_kwargs={"atol": TOLERANCE, "rtol": TOLERANCE})

    return run


def gala_task(task, stars):
    import gala

    def ends(orbit):
        place = orbit.xyz.to_value("kpc").reshape(3, orbit.xyz.shape[1], -1)[:, -1, :] if orbit.xyz.ndim == 3 else orbit.xyz.to_value("kpc")
        return np.sqrt((place**2).sum(axis=0))

    parts = np.array_split(stars, os.cpu_count(), axis=1)
    readers, children = [], []
    ready = [os.pipe() for _ in parts]
    go = [os.pipe() for _ in parts]
    for number, part in enumerate(parts):
        child = os.fork()
        if child == 0:
            run = gala_part(task, part)
            os.write(ready[number][1], b"r")
            os.read(go[number][0], 1)
            mean = np.array([ends(run()).sum()])
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            os.write(ready[number][1], np.array([mean[0], peak]).tobytes())
            os._exit(0)
        children.append(child)
    for number in range(len(parts)):
        os.read(ready[number][0], 1)
    started = time.perf_counter()
    for number in range(len(parts)):
        os.write(go[number][1], b"g")
    answers = [np.frombuffer(os.read(ready[number][0], 16)) for number in range(len(parts))]
    elapsed = time.perf_counter() - started
    for child in children:
        os.waitpid(child, 0)
    global children_peak
    children_peak = sum(answer[1] for answer in answers)
    return gala.__version__, elapsed, sum(answer[0] for answer in answers) / stars.shape[1]


children_peak = 0.0


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("file")
    arguments.add_argument("task")
    arguments.add_argument("--tool", choices=["galpy", "gala"], required=True)
    arguments.add_argument("--stars", type=int, default=None)
    given = arguments.parse_args()
    stars = np.fromfile(given.file, "<f8").reshape(6, -1)[:, : given.stars]
    tools = {"galpy": galpy_task, "gala": gala_task}
    version, seconds, answer = tools[given.tool](given.task, stars)
    print("version", version)
    print(f"time {given.task} {seconds / stars.shape[1] * 1e6} {answer}")
    print("peak", children_peak or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


if __name__ == "__main__":
    sys.exit(main())
