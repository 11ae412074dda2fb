"""pynbody opens the built-in galaxy and finds the same numbers as the truth that was kept beside it.

usage: python pynbody_reads_demo.py DIR        DIR is what `spolia demo` (or `ingest::synth::write_demo`) wrote
needs: pynbody 2.x, numpy, pyarrow
Exits with 1 at the first disagreement. pynbody rounds its Tipsy units to five digits: hence tolerances of 2e-4, twice that for squares of velocities.
"""

import sys

import numpy as np
import pyarrow.parquet as parquet
import pynbody

TOLERANCE = 2e-4
G = 4.300917270036279e-6


def check(name, found, expected, tolerance=TOLERANCE):
    found, expected = np.asarray(found, float), np.asarray(expected, float)
    scale = np.max(np.abs(expected)) or 1.0
    worst = float(np.max(np.abs(found - expected)) / scale)
    print(f"{name:34s} largest difference {worst:.1e} of {scale:.6g}")
    if not worst < tolerance:
        sys.exit(f"{name}: pynbody disagrees")


def main(folder):
    sim = pynbody.load(f"{folder}/demo.01024")
    param = dict(line.split(" = ", 1) for line in open(f"{folder}/demo.param").read().splitlines())
    length, mass = float(param["dKpcUnit"]), float(param["dMsolUnit"])
    speed = np.sqrt(G * mass / length)
    with open(f"{folder}/demo.01024", "rb") as file:
        a, n, ndim, n_gas, n_dark, n_star, _ = np.frombuffer(file.read(32), ">f8,>i4,>i4,>i4,>i4,>i4,>i4")[0]
        gas = np.frombuffer(file.read(48 * n_gas), ">f4").reshape(-1, 12)
        dark = np.frombuffer(file.read(36 * n_dark), ">f4").reshape(-1, 9)
        star = np.frombuffer(file.read(44 * n_star), ">f4").reshape(-1, 11)
    assert (len(sim.g), len(sim.d), len(sim.s)) == (n_gas, n_dark, n_star) and ndim == 3
    print(f"pynbody {pynbody.__version__}: {n_gas} gas, {n_dark} dark, {n_star} stars, a = {sim.properties['a']}, h = {sim.properties['h']:.6f}")
    check("scale factor", sim.properties["a"], a, 1e-12)
    check("h", sim.properties["h"], 0.671)
    sim.physical_units()
    check("star positions [kpc]", sim.s["pos"], star[:, 1:4] * length * a)
    check("star velocities [km/s]", sim.s["vel"], star[:, 4:7] * speed * a)
    check("star masses [Msun]", sim.s["mass"].in_units("Msol"), star[:, 0] * mass)
    check("dark positions [kpc]", sim.d["pos"], dark[:, 1:4] * length * a)
    check("potential [km^2/s^2]", sim.s["phi"].in_units("km**2 s**-2"), star[:, 10] * speed**2 / a, 2 * TOLERANCE)
    check("gas density [Msun/kpc^3]", sim.g["rho"].in_units("Msol kpc**-3"), gas[:, 7] * mass / length**3 / a**3)
    truth = parquet.read_table(f"{folder}/truth/stars.parquet")
    check("iord against the truth", sim.s["iord"], truth["id"].to_numpy(), 1e-12)
    check("time of birth [Gyr]", sim.s["tform"].in_units("Gyr"), truth["t_birth"].to_numpy())
    iron = np.fromfile(f"{folder}/demo.01024.FeMassFrac", ">f4", offset=4)[n_gas + n_dark :]
    check("iron mass fraction", sim.s["FeMassFrac"], iron, 1e-7)
    accreted = truth["progenitor"].to_numpy(zero_copy_only=False) == "satellite"
    pynbody.analysis.faceon(sim.s)
    rotation = np.median((sim.s["vphi"] if "vphi" in sim.s.all_keys() else sim.s["vt"])[(sim.s["rxy"] > 4) & (sim.s["rxy"] < 10) & (sim.s["age"].in_units("Gyr") < 3)])
    print(f"{accreted.sum()} accreted stars; young stars at 4 to 10 kpc rotate with {rotation:.0f} km/s")


if __name__ == "__main__":
    main(sys.argv[1])
