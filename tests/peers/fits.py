"""Compares a potential that `spolia potential fit` made with those that galpy and gala fit to the same particles.

Usage: python tests/peers/fits.py path/to/spolia
Needs: pip install galpy gala
Writes a Tipsy snapshot of a sphere and a disc, fits the self-consistent field of 10 radial functions up to l = 6 with all three, and a
multipole with ours alone. Prints the worst relative difference of the acceleration between the fields, which have one basis, and the
times; exits 1 when a limit is passed.
"""

import subprocess
import sys
import tempfile
import time
import tomllib
import warnings
from pathlib import Path

import numpy as np

warnings.filterwarnings("ignore")
import astropy.units as u
import gala.potential as gp
import gala.potential.scf as scf
import galpy.potential as bp
from gala.units import UnitSystem

GRAVITY = 4.300917270036279e-6
UNITS = UnitSystem(u.kpc, u.Msun, u.kpc / (u.km / u.s), u.rad)
COUNT = 20000
RADIAL, DEGREE = 10, 6
MASS_UNIT = 1e10
LIMIT = 1e-12


def particles(rng):
    """A sphere of Hernquist of 15 kpc and an exponential disc of 3 kpc and 0.3 kpc, in single precision as in the file."""
    root = np.sqrt(rng.random(COUNT) * 0.98)
    direction = rng.normal(size=(COUNT, 3))
    sphere = direction / np.linalg.norm(direction, axis=1)[:, None] * (15 * root / (1 - root))[:, None]
    radius, angle = rng.gamma(2, 3, COUNT), 2 * np.pi * rng.random(COUNT)
    disc = np.stack([radius * np.cos(angle), radius * np.sin(angle), 0.3 * rng.normal(size=COUNT)], axis=1)
    return sphere.astype("f4"), disc.astype("f4")


def write(folder, sphere, disc):
    (folder / "g.param").write_text(f"dKpcUnit = 1\ndMsolUnit = {MASS_UNIT}\nbComove = 0\n")
    dark, stars = np.zeros((COUNT, 9), ">f4"), np.zeros((COUNT, 11), ">f4")
    dark[:, 0], dark[:, 1:4], dark[:, 7] = 50 / COUNT, sphere, 0.05
    stars[:, 0], stars[:, 1:4], stars[:, 8], stars[:, 9] = 5 / COUNT, disc, 0.1, 0.05
    header = np.array([1.0], ">f8").tobytes() + np.array([2 * COUNT, 3, 0, COUNT, COUNT, 0], ">i4").tobytes()
    (folder / "g.00001").write_bytes(header + dark.tobytes() + stars.tobytes())
    # In single precision as in our tables.
    return (np.concatenate([dark[:, 0], stars[:, 0]]).astype("f8") * MASS_UNIT).astype("f4").astype("f8")


def ours(spolia, folder, kind, points):
    """Accelerations, the text of the potential, and the time of the fit."""
    started = time.time()
    command = [spolia, "potential", "fit", "g.00001", "--frame", "box", "--kind", kind, "--degree", str(DEGREE), "--points", "1"]
    subprocess.run(command + ["-q", "-o", f"{kind}.potential"], cwd=folder, check=True)
    seconds = time.time() - started
    rows = ", ".join(f"({k}, {x!r}, {y!r}, {z!r})" for k, (x, y, z) in enumerate(points.tolist()))
    one = f"SELECT k, acceleration(x, y, z, '{kind}.potential') AS a FROM (VALUES {rows}) AS t(k, x, y, z)"
    sql = f"SELECT a['ax'] AS ax, a['ay'] AS ay, a['az'] AS az FROM ({one}) ORDER BY k"
    text = subprocess.run([spolia, "sql", "-c", sql, "--format", "csv"], cwd=folder, check=True, capture_output=True, text=True).stdout
    numbers = np.array([[float(v) for v in line.split(",")] for line in text.splitlines()[1:]])
    return numbers, tomllib.loads((folder / f"{kind}.potential").read_text()), seconds


def galpy(position, mass, scale, points):
    started = time.time()
    cosine, sine = bp.scf_compute_coeffs_nbody(position.T, RADIAL, DEGREE + 1, mass=mass, a=scale)
    seconds = time.time() - started
    field = bp.SCFPotential(amp=GRAVITY, Acos=cosine, Asin=sine, a=scale)
    out = []
    for x, y, z in points:
        radius, angle = np.hypot(x, y), np.arctan2(y, x)
        inward, up = (f(field, radius, z, phi=angle, use_physical=False) for f in (bp.evaluateRforces, bp.evaluatezforces))
        turn = bp.evaluatephitorques(field, radius, z, phi=angle, use_physical=False) / radius
        c, s = np.cos(angle), np.sin(angle)
        out.append([inward * c - turn * s, inward * s + turn * c, up])
    return np.array(out, dtype=float), seconds


def gala(position, mass, scale, points):
    started = time.time()
    cosine, sine = scf.compute_coeffs_discrete(position, mass=mass, nmax=RADIAL - 1, lmax=DEGREE, r_s=scale)
    seconds = time.time() - started
    field = gp.SCFPotential(m=1.0, r_s=scale, Snlm=cosine, Tnlm=sine, units=UNITS)
    return field.acceleration(points.T).to_value(u.km**2 / u.s**2 / u.kpc).T, seconds


def main():
    spolia = str(Path(sys.argv[1]).resolve())
    rng = np.random.default_rng(1)
    sphere, disc = particles(rng)
    position = np.concatenate([sphere, disc]).astype("f8")
    points = rng.normal(size=(100, 3)) * np.array([8, 8, 3])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        mass = write(folder, sphere, disc)
        found, text, seconds = ours(spolia, folder, "self_consistent_field", points)
        multipole, _, multipole_seconds = ours(spolia, folder, "multipole", points)
    scale = text["component"][0]["expansion"]["model"][0]["scale_kpc"]
    worst = lambda a, b: (np.linalg.norm(a - b, axis=1) / np.linalg.norm(b, axis=1)).max()
    print(f"{2 * COUNT} particles, {RADIAL} radial functions, l = {DEGREE}, scale {scale:.3f} kpc; spolia {seconds:.2f} s with start")
    failed = False
    for peer, fit in [("galpy", galpy), ("gala", gala)]:
        theirs, taken = fit(position, mass, scale, points)
        difference = worst(found, theirs)
        failed |= not difference < LIMIT
        print(f"{peer}: {taken:.2f} s, worst relative difference of the acceleration {difference:.1e}")
    print(f"multipole of spolia ({multipole_seconds:.2f} s) against that field: {worst(multipole, found):.1e}")
    sys.exit(failed)


if __name__ == "__main__":
    main()
