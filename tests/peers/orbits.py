"""Compares orbits and actions of 1,000 stars in each kind of potential with galpy and gala.

Usage: SPOLIA_KEEP_ORBITS=FOLDER cargo test --release --test it orbits_for_peers -- --ignored
       python tests/peers/orbits.py FOLDER [KIND...]
Needs: pip install galpy gala
Prints, for each kind and program, the worst and the median distance [kpc] after 1 Gyr, difference of the actions over their sum, and
relative difference of the frequencies; a Markdown table. Exits 1 when a median passes a limit.
"""

import csv
import sys
import warnings

import numpy as np

warnings.filterwarnings("ignore")
import astropy.units as u
import gala
import gala.dynamics as gd
import gala.potential as gp
import galpy
from galpy.actionAngle import actionAngleStaeckel
from galpy.orbit import Orbit

from potentials import peers

# galpy's C code expects velocities near 1.
SPEED = 220.0
MW2014 = [
    ("power_law_cutoff", [4501365375.06545, 1.8, 1.9]),
    ("miyamoto_nagai", [68193902782.346756, 3.0, 0.28]),
    ("nfw", [436833250000.0, 16.0]),
]
LIMIT_KPC, LIMIT = 1e-8, 1e-6


def by_gala(parts, start, time):
    field = gp.CCompositePotential(**{f"c{i}": part for i, part in enumerate(parts)})
    w0 = gd.PhaseSpacePosition(pos=start[:3] * u.kpc, vel=start[3:] * u.km / u.s)
    orbit = gp.Hamiltonian(field).integrate_orbit(
        w0, t=np.array([0.0, time]) * u.kpc / (u.km / u.s), Integrator="dop853",
        Integrator_kwargs={"atol": 1e-13, "rtol": 1e-13, "nmax": 1000000},
    )
    return orbit.xyz[:, -1].to_value(u.kpc)


def cylindrical(start):
    x, y, z, vx, vy, vz = start
    radius = np.hypot(x, y)
    return [radius, (x * vx + y * vy) / radius / SPEED, (x * vy - y * vx) / radius / SPEED, z, vz / SPEED, np.arctan2(y, x)]


def by_galpy(parts, start, time):
    orbit = Orbit(np.array(cylindrical(start)).T.copy())
    ends = np.array([0.0, time * SPEED])
    orbit.integrate(ends, parts, method="dop853_c", rtol=1e-13, atol=1e-13, progressbar=False)
    return np.array([getattr(orbit, axis)(ends[-1], use_physical=False) for axis in "xyz"])


def actions(parts, start, delta):
    peer = actionAngleStaeckel(pot=parts, delta=delta, c=True, order=200)
    return np.array(peer.actionsFreqs(*cylindrical(start)[:5]))


def text(values):
    values = values[np.isfinite(values)]
    return f"{values.max():.0e} | {np.median(values):.0e}" if len(values) else "- | -"


def main(folder, only):
    print(f"galpy {galpy.__version__}, gala {gala.__version__}")
    print("| kind | peer | orbit, worst [kpc] | median | actions, worst | median | frequencies, worst | median |")
    print("|---|---|---|---|---|---|---|---|")
    failed = False
    for row in csv.DictReader(open(f"{folder}/kinds.csv")):
        kind, delta, time = row["kind"], float(row["delta"]), float(row["time"])
        if only and kind not in only:
            continue
        own = [(kind, [float(p) for p in row["parameters"].split(";")])] if row["parameters"] else []
        pieces = own + (MW2014 if kind == "mw2014" or row["background"] else [])
        data = np.loadtxt(f"{folder}/{kind}.csv", delimiter=",", skiprows=1).T
        start, end, ours, rates = data[:6], data[6:9], data[12:15], data[15:18]
        found = {}
        for name, parameters in pieces:
            for program, potential in peers(name, parameters):
                found.setdefault(program, []).append(potential)
        found = {program: parts for program, parts in found.items() if len(parts) == len(pieces)}
        if not found:
            print(f"| {kind} | none | - | - | - | - | - | - |", flush=True)
        for program, parts in found.items():
            shown = ["-"] * 3
            try:
                if program == "galpy":
                    parts = [part * (1 / SPEED**2) for part in parts]
                there = {"gala": by_gala, "galpy": by_galpy}[program](parts, start, time)
                distance = np.sqrt(((there - end) ** 2).sum(axis=0))
                shown = [text(distance), "- | -", "- | -"]
                failed |= not np.median(distance) < LIMIT_KPC
                if program == "galpy" and np.isfinite(ours).any():
                    theirs = actions(parts, start, delta) * SPEED
                    total = np.abs(ours).sum(axis=0)
                    # 9999 is galpy's word for what it cannot do.
                    known = np.isfinite(theirs).all(axis=0) & (np.abs(theirs) < 9999 * SPEED * 0.999).all(axis=0)
                    known &= np.isfinite(total)
                    off = (np.abs(theirs[:3] - ours).max(axis=0) / total)[known]
                    turn = (np.abs(theirs[3:] - rates) / np.abs(rates)).max(axis=0)[known]
                    shown[1:] = [text(off), text(turn)]
                    failed |= not np.median(off) < LIMIT
                    if known.sum() < len(known):
                        shown[2] += f" ({known.sum()} stars)"
            except Exception as error:
                shown = [f"{type(error).__name__}: {str(error)[:60]} | -", "- | -", "- | -"]
            print(f"| {kind} | {program} | {' | '.join(shown)} |", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
