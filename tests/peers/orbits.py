"""Compares orbits and actions of 1,000 stars with galpy and gala.

    SPOLIA_KEEP_ORBITS=FOLDER cargo test --release --lib written_for_peers -- --ignored
    python orbits.py FOLDER

The test leaves FOLDER/orbits.csv: start, end after 1 kpc/(km/s) by DOP853 at 1e-12, actions and frequencies with a focal length of 3.2 kpc,
in the halo and disc of MWPotential2014. galpy's quadrature is asked for its finest mesh.
"""
import csv
import sys
import time
import warnings

import numpy as np

warnings.filterwarnings("ignore")
import astropy.units as u
import galpy
import gala
import gala.dynamics as gd
import gala.potential as gp
from gala.units import UnitSystem
from galpy.actionAngle import actionAngleStaeckel
from galpy.potential import MiyamotoNagaiPotential, NFWPotential

G, RO, VO = 4.300917270036279e-6, 8.0, 220.0
HALO, SCALE, DISC, A, B, FOCAL = 436833250000.0, 16.0, 68193902782.346756, 3.0, 0.28, 3.2
rows = [[float(v) for v in row] for row in list(csv.reader(open(f"{sys.argv[1]}/orbits.csv")))[1:]]
data = np.array(rows).T
start, end, actions, frequencies = data[:6], data[6:12], data[12:15], data[15:18]

# gala has its own G and works in Myr: masses are scaled so that G M is ours, and the time unit is kpc/(km/s).
units = UnitSystem(u.kpc, u.kpc / (u.km / u.s), u.Msun, u.radian)
own = gp.HernquistPotential(m=1, c=1, units=units).G
field = gp.CCompositePotential(
    halo=gp.NFWPotential(m=HALO * G / own, r_s=SCALE, units=units),
    disc=gp.MiyamotoNagaiPotential(m=DISC * G / own, a=A, b=B, units=units),
)
w0 = gd.PhaseSpacePosition(pos=start[:3] * u.kpc, vel=start[3:] * u.km / u.s)
orbit = gp.Hamiltonian(field).integrate_orbit(
    w0, t=np.array([0.0, 1.0]) * u.kpc / (u.km / u.s), Integrator="dop853", Integrator_kwargs={"atol": 1e-13, "rtol": 1e-13}
)
distance = np.sqrt(((orbit.xyz[:, -1].to_value(u.kpc) - end[:3]) ** 2).sum(axis=0))
print(f"gala {gala.__version__}: orbits differ by {distance.max():.1e} kpc at worst, median {np.median(distance):.1e}")

potential = NFWPotential(amp=HALO * G / (RO * VO**2), a=SCALE / RO) + MiyamotoNagaiPotential(
    amp=DISC * G / (RO * VO**2), a=A / RO, b=B / RO
)
x, y, z, vx, vy, vz = start
radius = np.hypot(x, y)
stars = [v / s for v, s in (
    (radius, RO), ((x * vx + y * vy) / radius, VO), ((x * vy - y * vx) / radius, VO), (z, RO), (vz, VO),
)]
peer = actionAngleStaeckel(pot=potential, delta=FOCAL / RO, c=True, order=200)
found = np.array(peer.actionsFreqs(*stars))
total = np.abs(actions).sum(axis=0)
bound = np.isfinite(total) & np.isfinite(found).all(axis=0) & (np.abs(found) < 9000).all(axis=0)
error = np.abs(found[:3] * RO * VO - actions)[:, bound] / total[bound]
rate = (np.abs(found[3:] * VO / RO - frequencies) / np.abs(frequencies))[:, bound]
print(f"galpy {galpy.__version__}: actions of {bound.sum()} stars differ by {error.max():.1e} of their sum at worst, frequencies by "
      f"{rate.max():.1e}, median {np.median(rate):.1e}")
many = [np.tile(v, 20) for v in stars]
for call in ("__call__", "actionsFreqs"):
    peer = actionAngleStaeckel(pot=potential, delta=FOCAL / RO, c=True)
    clock = time.perf_counter()
    getattr(peer, call)(*many)
    print(f"galpy {call}: {(time.perf_counter() - clock) / len(many[0]) * 1e6:.1f} us a star")
if not (distance.max() < 1e-6 and error.max() < 1e-6):
    sys.exit("they differ")
