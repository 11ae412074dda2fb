"""Compares potentials with galpy and gala on a thousand random points each.

Usage: SPOLIA_KEEP_ORBITS=FOLDER cargo test --release --test it potentials_for_peers -- --ignored
       python tests/peers/potentials.py FOLDER/points.csv
Needs: pip install galpy gala
Prints the worst relative difference of potential, acceleration and density; exits 1 when a limit is passed.
"""

import csv
import sys
import warnings

import numpy as np

warnings.filterwarnings("ignore")
import astropy.units as u
import gala.potential as gp
import galpy.potential as bp
from gala.units import UnitSystem

GRAVITY = 4.300917270036279e-6
UNITS = UnitSystem(u.kpc, u.Msun, u.kpc / (u.km / u.s), u.rad)
LIMIT = 1e-9


def gala(potential):
    def numbers(p):
        q = np.ascontiguousarray(p.T)
        convert = (u.km / u.s) ** 2
        phi = potential.energy(q).to_value(convert)
        a = potential.acceleration(q).to_value(convert / u.kpc).T
        rho = potential.density(q).to_value(u.Msun / u.kpc**3)
        return phi, a, rho

    return numbers


def galpy(potential):
    def numbers(p):
        radius, azimuth = np.hypot(p[:, 0], p[:, 1]), np.arctan2(p[:, 1], p[:, 0])
        one = lambda f: np.array([f(potential, r, z, phi=a, use_physical=False) for r, z, a in zip(radius, p[:, 2], azimuth)])
        phi, inward, up = one(bp.evaluatePotentials), one(bp.evaluateRforces), one(bp.evaluatezforces)
        turn = one(bp.evaluatephitorques) / radius
        c, s = np.cos(azimuth), np.sin(azimuth)
        a = np.stack([inward * c - turn * s, inward * s + turn * c, up], axis=1)
        try:
            rho = one(bp.evaluateDensities) / GRAVITY
        except Exception:
            rho = None
        return phi, a, rho

    return numbers


def peers(kind, q):
    """Pairs of a program and the same potential there."""
    g, G = {"units": UNITS}, GRAVITY
    if kind == "point_mass":
        return [("gala", gp.KeplerPotential(q[0], **g)), ("galpy", bp.KeplerPotential(amp=G * q[0]))]
    if kind == "plummer":
        return [("gala", gp.PlummerPotential(q[0], q[1], **g)), ("galpy", bp.PlummerPotential(amp=G * q[0], b=q[1]))]
    if kind == "hernquist":
        return [("gala", gp.HernquistPotential(q[0], q[1], **g)), ("galpy", bp.HernquistPotential(amp=2 * G * q[0], a=q[1]))]
    if kind == "jaffe":
        return [("gala", gp.JaffePotential(q[0], q[1], **g)), ("galpy", bp.JaffePotential(amp=G * q[0], a=q[1]))]
    if kind == "isochrone":
        return [("gala", gp.IsochronePotential(q[0], q[1], **g)), ("galpy", bp.IsochronePotential(amp=G * q[0], b=q[1]))]
    if kind == "homogeneous_sphere":
        return [("galpy", bp.HomogeneousSpherePotential(amp=G * q[0] / (2 * q[1] ** 3), R=q[1]))]
    if kind == "nfw":
        return [("gala", gp.NFWPotential(q[0], q[1], **g)), ("galpy", bp.NFWPotential(amp=G * q[0], a=q[1]))]
    if kind == "triaxial_nfw":
        return [("galpy", bp.TriaxialNFWPotential(amp=G * q[0], a=q[1], b=q[2], c=q[3], glorder=50))]
    if kind == "burkert":
        return [("galpy", bp.BurkertPotential(amp=G * q[0], a=q[1]))]
    if kind == "power_law_cutoff" and 0 <= q[1] < 2:
        # Its amplitude is a density at r1 = 1: M = 2 pi rho r_c^(3 - alpha) Gamma((3 - alpha) / 2).
        from scipy.special import gamma

        amp = G * q[0] / (2 * np.pi * q[2] ** (3 - q[1]) * gamma(1.5 - q[1] / 2))
        return [
            ("gala", gp.PowerLawCutoffPotential(q[0], q[1], q[2], **g)),
            ("galpy", bp.PowerSphericalPotentialwCutoff(amp=amp, alpha=q[1], rc=q[2], r1=1.0)),
        ]
    if kind == "logarithmic":
        return [("galpy", bp.LogarithmicHaloPotential(amp=q[0] ** 2, q=q[1], core=q[2]))]
    if kind == "miyamoto_nagai":
        return [
            ("gala", gp.MiyamotoNagaiPotential(q[0], q[1], q[2], **g)),
            ("galpy", bp.MiyamotoNagaiPotential(amp=G * q[0], a=q[1], b=q[2])),
        ]
    if kind.startswith("mn3"):
        options = {"sech2_z": "sech2" in kind, "positive_density": "unrestricted" not in kind}
        return [("gala", gp.MN3ExponentialDiskPotential(q[0], q[1], q[2], **options, **g))]
    if kind == "kuzmin":
        return [("gala", gp.KuzminPotential(q[0], q[1], **g)), ("galpy", bp.KuzminDiskPotential(amp=G * q[0], a=q[1]))]
    if kind == "kuzmin_kutuzov" and q[1] > q[2]:
        delta = np.sqrt(q[1] ** 2 - q[2] ** 2)
        return [("galpy", bp.KuzminKutuzovStaeckelPotential(amp=G * q[0], ac=q[1] / q[2], Delta=delta))]
    if kind == "long_murali_bar":
        bar = gp.LongMuraliBarPotential(q[0], q[1], q[2], q[3], **g)
        needle = bp.SoftenedNeedleBarPotential(amp=G * q[0], a=q[1], b=q[2], c=q[3], omegab=0.0, pa=0.0)
        return [("gala", bar), ("galpy", needle)]
    if kind == "dehnen_bar":
        return [("galpy", bp.DehnenBarPotential(amp=1.0, rb=q[1], Af=q[0], omegab=0.0, barphi=0.0, tform=-1e6, tsteady=1e-3))]
    if kind.startswith("spiral_arms"):
        weights = [1] if "sinusoidal" in kind else [8 / (3 * np.pi), 0.5, 8 / (15 * np.pi)]
        shape = {"N": int(q[1]), "alpha": q[2], "r_ref": q[3], "Rs": q[4], "H": q[5], "phi_ref": q[6], "Cs": weights}
        return [("galpy", bp.SpiralArmsPotential(amp=G * q[0], omega=0.0, **shape))]
    if kind == "einasto":
        # galpy: exp(-(r / h)^(1 / n)) with n = 1 / alpha, h = r_s (alpha / 2)^(1 / alpha).
        from scipy.special import gamma

        n, h = 1 / q[2], q[1] * (q[2] / 2) ** (1 / q[2])
        amp = G * q[0] / (4 * np.pi * n * gamma(3 * n) * h**3)
        return [("galpy", bp.EinastoPotential(amp=amp, h=h, n=n))]
    if kind == "two_power_triaxial":
        shape = {"a": q[1], "alpha": q[2], "beta": q[3], "b": q[4], "c": q[5]}
        return [("galpy", bp.TwoPowerTriaxialPotential(amp=G * q[0], glorder=100, **shape))]
    if kind == "exponential_disc" and q[2] > 0:
        amp = G * q[0] / (4 * np.pi * q[1] ** 2 * q[2])
        return [("galpy", bp.DoubleExponentialDiskPotential(amp=amp, hr=q[1], hz=q[2]))]
    if kind == "exponential_disc":
        return [("galpy", bp.RazorThinExponentialDiskPotential(amp=G * q[0] / (2 * np.pi * q[1] ** 2), hr=q[1]))]
    return []


def main(path):
    sets = {}
    for row in csv.DictReader(open(path)):
        numbers = [float(row[c]) for c in ("x", "y", "z", "potential", "ax", "ay", "az", "density")]
        sets.setdefault((row["kind"], row["parameters"]), []).append(numbers)
    failed = False
    for (kind, text), rows in sets.items():
        parameters, ours = [float(p) for p in text.split(";")], np.array(rows)
        p, phi, a, rho = ours[:, :3], ours[:, 3], ours[:, 4:7], ours[:, 7]
        try:
            others = peers(kind, parameters)
        except Exception as error:
            print(f"{kind:<30} {text:<24} cannot be built there: {error}")
            continue
        if not others:
            print(f"{kind:<30} {text:<24} no peer")
        for name, other in others:
            numbers = {"gala": gala, "galpy": galpy}[name](other)
            try:
                their_phi, their_a, their_rho = numbers(p)
            except Exception as error:
                print(f"{kind:<30} {text:<24} {name:<6} fails there: {error}")
                continue
            # Zero points differ between programs: what counts is the difference to the first point.
            shift = np.median(phi - their_phi)
            off_phi = np.max(np.abs(phi - their_phi - shift) / np.abs(phi))
            off_a = np.max(np.linalg.norm(a - their_a, axis=1) / np.linalg.norm(a, axis=1))
            inside = np.isfinite(rho) & (np.abs(rho) > 1e-12 * np.max(np.abs(rho[np.isfinite(rho)]), initial=0))
            has = their_rho is not None and inside.any()
            off_rho = f"{np.max(np.abs(rho - their_rho)[inside] / np.abs(rho[inside])):.1e}" if has else "-"
            print(f"{kind:<30} {text:<24} {name:<6} potential {off_phi:.1e} acceleration {off_a:.1e} density {off_rho} shift {shift:.3g}")
            failed |= not (off_phi < LIMIT and off_a < LIMIT)
    sys.exit(failed)


if __name__ == "__main__":
    main(sys.argv[1])
