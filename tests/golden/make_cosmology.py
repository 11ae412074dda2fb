"""Writes cosmology.json: ages, distances and densities by astropy, the reference for `spolia::cosmology`.

Run in this folder: python make_cosmology.py   (needs astropy 8.0 and scipy)
"""

import json

import astropy
import numpy as np
import astropy.units as u
from astropy.cosmology import FlatLambdaCDM, LambdaCDM, Planck15, Planck18
from scipy.integrate import quad

assert astropy.__version__.startswith("8.0"), astropy.__version__
REDSHIFTS = [0.0, 0.01, 0.1, 0.5, 1.0, 2.0, 3.5, 6.0, 10.0, 30.0, 100.0, 1100.0]
# astropy integrates with scipy.quad to an absolute 1.49e-8 in Hubble times, which is 5e-7 of the age at z = 1100;
# so ages are integrated here from astropy's own E(z), over ln(1 + z), to 1e-13.
TOLERANCE = {
    "age_gyr": 1e-10,
    "lookback_gyr": 1e-9,
    "comoving_distance_mpc": 1e-9,
    "luminosity_distance_mpc": 1e-9,
    "angular_diameter_distance_mpc": 1e-9,
    # astropy rounds its neutrino factor 7/8 (4/11)^(4/3) to eleven digits, which shows here at 1e-13.
    "hubble_kms_mpc": 1e-12,
    "critical_density_msun_kpc3": 1e-12,
}
MODELS = {
    "Planck15": Planck15,
    "Planck18": Planck18,
    "curved closed": LambdaCDM(H0=70, Om0=0.4, Ode0=0.8, Tcmb0=2.725, Neff=3.04),
    "curved open": LambdaCDM(H0=65, Om0=0.3, Ode0=0.2, Tcmb0=0),
    "flat without radiation": FlatLambdaCDM(H0=67.1, Om0=0.3175, Tcmb0=0),
    "heavy neutrinos": FlatLambdaCDM(H0=70, Om0=0.3, Tcmb0=2.7255, Neff=3.046, m_nu=[0.05, 0.1, 0.3] * u.eV),
}


def age_gyr(c, z):
    """Age from E(z): int du / E over u = ln(1 + z), cut where the rest is below 1e-17 of a Hubble time."""
    pieces = np.concatenate([[np.log1p(z)], np.arange(np.ceil(np.log1p(z)) + 1, 45.0)])
    parts = [quad(lambda x: c.inv_efunc(np.expm1(x)), a, b, epsabs=0, epsrel=1e-13)[0] for a, b in zip(pieces, pieces[1:])]
    return c.hubble_time.to_value(u.Gyr) * sum(parts)


def entry(name, c):
    masses = [] if c.m_nu is None or c.Tcmb0.value == 0 else c.m_nu.to_value(u.eV).tolist()
    z = REDSHIFTS
    return {
        "name": name,
        "parameters": {
            "h": c.h,
            "omega_m": c.Om0,
            "omega_lambda": c.Ode0,
            "t_cmb_k": c.Tcmb0.to_value(u.K),
            "n_eff": c.Neff if c.Tcmb0.value else 0.0,
            "m_nu_ev": masses,
        },
        "columns": {
            "z": z,
            "age_gyr": [age_gyr(c, x) for x in z],
            "lookback_gyr": [c.lookback_time(x).to_value(u.Gyr) for x in z],
            "comoving_distance_mpc": [c.comoving_distance(x).to_value(u.Mpc) for x in z],
            "luminosity_distance_mpc": [c.luminosity_distance(x).to_value(u.Mpc) for x in z],
            "angular_diameter_distance_mpc": [c.angular_diameter_distance(x).to_value(u.Mpc) for x in z],
            "hubble_kms_mpc": [c.H(x).to_value(u.km / u.s / u.Mpc) for x in z],
            "critical_density_msun_kpc3": [c.critical_density(x).to_value(u.Msun / u.kpc**3) for x in z],
        },
    }


with open("cosmology.json", "w") as out:
    golden = {
        "origin": f"astropy {astropy.__version__} with scipy.integrate.quad, written by make_cosmology.py",
        "tolerance": TOLERANCE,
        "models": [entry(name, c) for name, c in MODELS.items()],
    }
    json.dump(golden, out, indent=1)
    out.write("\n")
