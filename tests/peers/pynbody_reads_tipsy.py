"""Checks that pynbody reads a Tipsy snapshot that Spolia wrote, with the values that Spolia reads back.

    SPOLIA_KEEP_TIPSY=FOLDER cargo test --release --test it written_for_peers -- --nocapture
    python pynbody_reads_tipsy.py FOLDER

The test leaves FOLDER/peer.00001 with .param, arrays and .starlog, and FOLDER/values.csv: table, column, sum, minimum, maximum as
Spolia reads them in physical units. pynbody rounds its unit strings to five digits, so physical values agree to 2e-4.
"""
import csv
import sys

import numpy as np
import pynbody

TOLERANCE = 2e-4
FAMILIES = {"stars": "star", "gas": "gas", "dark": "dm"}
COLUMNS = {
    "mass": ("mass", "Msol"), "x": ("x", "kpc"), "y": ("y", "kpc"), "z": ("z", "kpc"),
    "vx": ("vx", "km s**-1"), "vy": ("vy", "km s**-1"), "vz": ("vz", "km s**-1"), "eps": ("eps", "kpc"),
    "rho": ("rho", "Msol kpc**-3"), "temperature": ("temp", "K"), "z_metal": ("metals", None), "phi": ("phi", "km**2 s**-2"),
    "t_birth": ("tform", "Gyr"), "id": ("iord", None), "x_fe": ("FeMassFrac", None),
}

folder = sys.argv[1]
snapshot = pynbody.load(f"{folder}/peer.00001")
worst, compared = 0.0, 0
for row in csv.DictReader(open(f"{folder}/values.csv")):
    if row["column"] not in COLUMNS:
        continue
    name, unit = COLUMNS[row["column"]]
    values = getattr(snapshot, FAMILIES[row["table"]])[name]
    if unit:
        values = values.in_units(unit, **snapshot.conversion_context())
    values = np.asarray(values, dtype=float)
    for found, expected in zip((values.sum(), values.min(), values.max()), (row["sum"], row["min"], row["max"])):
        error = abs(found - float(expected)) / max(abs(float(expected)), 1e-300)
        worst, compared = max(worst, error), compared + 1
        if not error <= TOLERANCE:
            sys.exit(f"{row['table']}.{row['column']}: pynbody {found!r}, spolia {expected}, relative {error:.1e}")
print(f"pynbody {pynbody.__version__}: {compared} values agree, worst relative difference {worst:.1e}")
