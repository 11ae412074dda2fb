"""Holds an export of Spolia against its source, as pynbody or yt reads it.

    python readers_of_exports.py SPOLIA SOURCE EXPORT [SNAP]

SPOLIA is the program; SOURCE a dataset or snapshot of which `spolia export SOURCE EXPORT` wrote every particle; EXPORT an HDF5 file or a
Tipsy snapshot. Whichever of pynbody and yt is installed reads EXPORT; rows are joined by identifier, and the largest relative difference
of each field is printed. Exit 1 if one is beyond its limit: 1e-6, or what the reader's own constants allow (`LIMITS`).

Seen with pynbody 2.8.0 and yt 4.4.3: positions 6e-8 (the move into the box apart), identifiers equal, velocities 2e-7 from HDF5;
pynbody has the solar mass 5e-6 off and gives Tipsy velocities 1.3e-4 off, for it keeps five digits of its units; yt has the solar mass 3e-6 off where it reads the
units of the file (those of AREPO's kind) and, with a G of its own,
gives Tipsy velocities 3.3e-5 off; ages by pynbody's integral over the scale factor differ by 5e-5 Gyr from HDF5.
"""

import csv
import io
import subprocess
import sys
import warnings

import numpy as np

warnings.filterwarnings("ignore")

LIMITS = {
    "pynbody hdf5": {"mass": 1e-5, "rho": 1e-5},
    "pynbody tipsy": {"mass": 1e-5, "rho": 1e-5, "vx": 3e-4, "vy": 3e-4, "vz": 3e-4, "phi": 6e-4},
    "yt hdf5": {"mass": 1e-5, "rho": 1e-5},
    "yt tipsy": {"vx": 1e-4, "vy": 1e-4, "vz": 1e-4},
}


def source(program, path, family, snap):
    table = family if snap is None else f"{family}@{snap}"
    sql = f"SELECT * FROM {table} ORDER BY id"
    text = subprocess.run([program, "sql", path, "-q", "--format", "csv", "-c", sql], capture_output=True, text=True)
    if text.returncode:
        return None
    rows = list(csv.reader(io.StringIO(text.stdout)))
    columns = dict(zip(rows[0], zip(*rows[1:])))
    if "wind" in columns:
        keep = np.array(columns.pop("wind")) != "true"
        columns = {name: [v for v, k in zip(values, keep) if k] for name, values in columns.items()}
    found = {"id": np.array([int(v) for v in columns["id"]], dtype="u8")}
    for name, values in columns.items():
        try:
            found.setdefault(name, np.array([float(v) if v else np.nan for v in values]))
        except ValueError:
            pass
    return found


def shift_of(path):
    if not path.endswith(("hdf5", "h5")):
        return None
    import h5py

    return h5py.File(path)["Header"].attrs["PositionShift_in_kpc"]


def by_pynbody(path):
    import pynbody

    snapshot = pynbody.load(path)
    snapshot.physical_units()
    for family, part in (("stars", snapshot.s), ("gas", snapshot.g), ("dark", snapshot.d)):
        if len(part) == 0:
            continue
        fields = {"id": np.asarray(part["iord"]).astype("i8").astype("u8")}
        for name, theirs, unit in (
            ("mass", "mass", "Msol"),
            ("rho", "rho", "Msol kpc^-3"),
            ("temperature", "temp", "K"),
            ("phi", "phi", "km^2 s^-2"),
        ):
            if theirs in part.loadable_keys():
                fields[name] = np.asarray(part[theirs].in_units(unit))
        for k, axis in enumerate("xyz"):
            fields[axis] = np.asarray(part["pos"][:, k].in_units("kpc"))
            if "vel" in part.loadable_keys():
                fields["v" + axis] = np.asarray(part["vel"][:, k].in_units("km s^-1"))
        yield family, fields


def by_yt(path):
    import yt

    yt.set_log_level(50)
    data = yt.load(path)
    everything = data.all_data()
    hdf5 = path.endswith(("hdf5", "h5"))
    names = {"stars": ("PartType4", "Stars"), "gas": ("PartType0", "Gas"), "dark": ("PartType1", "DarkMatter")}
    for family, pair in names.items():
        kind = pair[0] if hdf5 else pair[1]
        if kind not in data.particle_types_raw:
            continue
        fields = {"id": np.asarray(everything[kind, "ParticleIDs" if hdf5 else "iord"]).astype("i8").astype("u8")}
        fields["mass"] = np.asarray(everything[kind, "particle_mass"].to("Msun"))
        for axis in "xyz":
            fields[axis] = np.asarray(everything[kind, f"particle_position_{axis}"].to("kpc"))
            fields["v" + axis] = np.asarray(everything[kind, f"particle_velocity_{axis}"].to("km/s"))
        if family == "gas" and (kind, "Density") in data.field_list:
            fields["rho"] = np.asarray(everything[kind, "density"].to("Msun/kpc**3"))
        yield family, fields


def main():
    program, path, export = sys.argv[1:4]
    snap = sys.argv[4] if len(sys.argv) > 4 else None
    shift = shift_of(export)
    wrong = 0
    for reader, read in (("pynbody", by_pynbody), ("yt", by_yt)):
        try:
            __import__(reader)
        except ImportError:
            print(f"skipped: no {reader}")
            continue
        limits = LIMITS.get(f"{reader} {'hdf5' if shift is not None else 'tipsy'}", {})
        for family, fields in read(export):
            truth = source(program, path, family, snap)
            order = np.argsort(fields["id"], kind="stable")
            if family == "stars" and len(order) != len(truth["id"]):
                order = np.array([i for i in order if fields["id"][i] in set(truth["id"])])
            same = np.array_equal(fields["id"][order], truth["id"])
            wrong += not same
            print(f"{reader} {family} {len(order)} rows, identifiers {'equal' if same else 'DIFFER'}")
            for name, theirs in fields.items():
                if name == "id" or name not in truth:
                    continue
                ours = truth[name]
                if name in ("x", "y", "z"):
                    move = theirs[order] - ours
                    # The move of a Tipsy export is told by a note only: take the one that all rows share.
                    ours = ours + (shift["xyz".index(name)] if shift is not None else np.median(move))
                # A position in single precision is as good as the box, other values as themselves.
                floor = 1.0 if name in ("x", "y", "z") and shift is None else 1e-3
                scale = np.maximum(np.abs(ours), np.abs(ours).max() * floor)
                worst = float((np.abs(theirs[order] - ours) / scale).max())
                beyond = worst > limits.get(name, 1e-6)
                wrong += beyond
                print(f"    {name:12} {worst:.1e}{'  TOO MUCH' if beyond else ''}")
    sys.exit(1 if wrong else 0)


main()
