"""Writes tests/data/fits with astropy: every kind of column that the FITS reader knows, with values that follow from the row.

Run        python3 tests/data/make_fits.py
Needs      astropy 8.0, numpy
"""

import os
import numpy as np
from astropy.io import fits

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fits")
N = 6
i = np.arange(N)

kinds = fits.BinTableHDU.from_columns(
    [
        fits.Column("x", "E", unit="pc", array=1000.0 * (i + 0.5)),
        fits.Column("y", "D", unit="kpc", array=-1.0 * i),
        fits.Column("z", "E", array=i / 8),
        fits.Column("vx", "E", unit="km s-1", array=2.0 * i),
        fits.Column("mass", "D", unit="solMass", array=1e4 + i),
        fits.Column("age", "E", unit="Myr", array=100.0 * i),
        fits.Column("iord", "K", bzero=2**63, array=np.array([2**63 + 5 * k for k in range(N)], dtype=np.uint64)),
        fits.Column("Fe_H", "E", array=np.where(i == 3, np.nan, -0.25 * i)),
        fits.Column("flag", "L", array=i % 2 == 0),
        fits.Column("small", "B", array=(250 + i).astype(np.uint8)),
        fits.Column("short", "I", null=-32768, array=np.where(i == 2, -32768, -100 * i).astype(np.int16)),
        fits.Column("int", "J", array=(-(10**9) - i).astype(np.int32)),
        fits.Column("unsigned", "J", bzero=2**31, array=(4 * 10**9 + i).astype(np.uint32)),
        fits.Column("scaled", "I", array=i.astype(np.int16)),
        fits.Column("group", "5A", array=["disc", "halo", "a", "", "bulge", "x y"]),
        fits.Column("Colour", "3E", unit="mag", array=np.stack([i, i + 0.25, i + 0.5], axis=1)),
        fits.Column("odd", "E", unit="furlong", array=3.0 * i),
        fits.Column("Rate", "E", unit="Msun yr-1", array=0.1 * i),
        fits.Column("empty", "0E"),
    ],
    nrows=N,
)
number = 1 + kinds.columns.names.index("scaled")
kinds.header[f"TSCAL{number}"] = 0.5
kinds.header[f"TZERO{number}"] = 10.0
kinds.header["RUN"] = "g0.00e00"
fits.HDUList(
    [fits.PrimaryHDU(), fits.ImageHDU(np.arange(12.0)), fits.BinTableHDU.from_columns([fits.Column("ra", "E", array=[1.0])]), kinds]
).writeto(os.path.join(HERE, "kinds.fits"), overwrite=True, checksum=True)

arrays = fits.BinTableHDU.from_columns(
    [fits.Column(c, "E", array=i) for c in "xyz"]
    + [fits.Column("history", "PE()", array=np.array([np.ones(k) for k in range(N)], dtype=object))]
)
fits.HDUList([fits.PrimaryHDU(), arrays]).writeto(os.path.join(HERE, "variable.fits"), overwrite=True)
