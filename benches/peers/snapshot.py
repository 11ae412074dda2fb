#!/usr/bin/env python3
"""Makes a Tipsy snapshot and times numpy or pynbody on it, from opening to the answer, without the imports.

    snapshot.py make FILE [--particles N]
    snapshot.py time FILE --tool numpy|pynbody

The file holds 20% gas, 50% dark matter and 30% stars, with auxiliary arrays FeMassFrac and iord and a .param file.
The question: number and mass of stars with r < 5 kpc and [Fe/H] < -1 on pynbody's solar scale.
"""
import argparse
import os
import resource
import struct
import sys
import time

import numpy as np

KPC_UNIT = 50000.0
HUBBLE, OMEGA_M, OMEGA_L = 0.6774, 0.3089, 0.6911
MSUN_UNIT = 277.5366 * HUBBLE**2 * KPC_UNIT**3
VELOCITY_UNIT = (4.30091e-6 * MSUN_UNIT / KPC_UNIT) ** 0.5
SOLAR_FE_H = np.log10(0.125e-2 / 0.706)
FIELDS = {
    "gas": "mass x y z vx vy vz rho temp eps metals phi",
    "dark": "mass x y z vx vy vz eps phi",
    "stars": "mass x y z vx vy vz metals tform eps phi",
}


def record(family):
    return np.dtype([(name, ">f4") for name in FIELDS[family].split()])


def make(path, particles):
    numbers = {"gas": particles // 5, "dark": particles // 2}
    numbers["stars"] = particles - sum(numbers.values())
    iron = []
    with open(path, "wb") as file:
        file.write(struct.pack(">diiiiii", 1.0, particles, 3, numbers["gas"], numbers["dark"], numbers["stars"], 0))
        for seed, (family, count) in enumerate(numbers.items()):
            random = np.random.default_rng(seed)
            radius = 12 * random.random(count, dtype="f4") ** 1.5
            place = random.normal(size=(count, 3)).astype("f4")
            place *= (radius / np.sqrt((place**2).sum(1)))[:, None]
            rows = np.zeros(count, record(family))
            rows["mass"] = 1e4 / MSUN_UNIT
            for axis, name in enumerate("xyz"):
                rows[name] = place[:, axis] / KPC_UNIT
                rows["v" + name] = random.normal(size=count) * 120 / VELOCITY_UNIT
            fraction = np.zeros(count, ">f4")
            if family != "dark":
                rows["metals"] = 0.01
            if family == "stars":
                rows["tform"] = 0.01
                fraction[:] = 1.2e-3 * 10 ** random.normal(-0.6, 0.6, count)
            iron.append(fraction)
            file.write(rows.tobytes())
    with open(path + ".FeMassFrac", "wb") as file:
        file.write(struct.pack(">i", particles) + b"".join(part.tobytes() for part in iron))
    with open(path + ".iord", "wb") as file:
        file.write(struct.pack(">i", particles) + np.arange(particles, dtype=">i4").tobytes())
    with open(os.path.join(os.path.dirname(path), "bench.param"), "w") as file:
        file.write(f"dHubble0 = {np.sqrt(8 * np.pi / 3)}\ndOmega0 = {OMEGA_M}\ndLambda = {OMEGA_L}\ndKpcUnit = {KPC_UNIT}\n")
        file.write(f"dMsolUnit = {MSUN_UNIT:.9e}\nbComove = 1\niBinaryOutput = 1\n")


def with_numpy(path):
    started = time.perf_counter()
    with open(path, "rb") as file:
        _, _, _, gas, dark, stars, _ = struct.unpack(">diiiiii", file.read(32))
    rows = np.memmap(path, record("stars"), "r", 32 + gas * 48 + dark * 36, (stars,))
    place = np.stack([rows[name] for name in "xyz"], 1).astype("f4") * KPC_UNIT
    iron = np.fromfile(path + ".FeMassFrac", ">f4", stars, offset=4 + 4 * (gas + dark)).astype("f4")
    metals, mass = rows["metals"].astype("f4"), rows["mass"].astype("f4") * MSUN_UNIT
    opened = time.perf_counter()
    near = (place**2).sum(1) < 25
    feh = np.log10(iron[near] / (1 - metals[near] - 0.236 - 2.1 * metals[near])) - SOLAR_FE_H
    poor = feh < -1
    answer = int(poor.sum()), float(mass[near][poor].sum(dtype="f8"))
    return np.__version__, started, opened, answer


def with_pynbody(path):
    import warnings

    warnings.filterwarnings("ignore")
    import pynbody

    started = time.perf_counter()
    snapshot = pynbody.load(path)
    snapshot.physical_units()
    stars = snapshot.s
    stars["pos"], stars["mass"], stars["FeMassFrac"]
    opened = time.perf_counter()
    near = stars[pynbody.filt.Sphere("5 kpc")]
    poor = np.asarray(near["feh"]) < -1
    answer = int(poor.sum()), float(np.asarray(near["mass"])[poor].sum(dtype="f8"))
    return pynbody.__version__, started, opened, answer


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("action", choices=["make", "time"])
    arguments.add_argument("file")
    arguments.add_argument("--particles", type=int, default=4_000_000)
    arguments.add_argument("--tool", choices=["numpy", "pynbody"])
    given = arguments.parse_args()
    if given.action == "make":
        return make(given.file, given.particles)
    version, started, opened, answer = {"numpy": with_numpy, "pynbody": with_pynbody}[given.tool](given.file)
    ended = time.perf_counter()
    print("version", version)
    print("time open", (opened - started) * 1e3, answer[0])
    print("time query", (ended - opened) * 1e3, answer[0])
    print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


if __name__ == "__main__":
    sys.exit(main())
