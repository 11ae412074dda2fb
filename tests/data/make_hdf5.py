"""Writes the tiny HDF5 snapshots of tests/data/hdf5 (h5py and numpy only; run from anywhere).

Every value follows a formula that tests/it/ingest_hdf5.rs repeats, so no golden file is needed:
    position of row i, axis k   (i + 1) * (k + 1) / 8   (code units; exact in float32)
    velocity of row i, axis k   (i - 100 * k) / 4
    identifier of row i         2**40 + 7 * i
"""
import os

import h5py
import numpy as np

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "hdf5")


def position(rows, first=0):
    i = np.arange(first, first + rows)[:, None]
    return (i + 1) * (np.arange(3)[None, :] + 1) / 8


def velocity(rows, first=0):
    i = np.arange(first, first + rows)[:, None]
    return (i - 100 * np.arange(3)[None, :]) / 4


def identifier(rows, first=0):
    return 2**40 + 7 * np.arange(first, first + rows, dtype="u8")


def header(f, here, total, files=1, **more):
    values = dict(NumPart_ThisFile=np.array(here, "i4"), NumPart_Total=np.array(total, "u4"), MassTable=np.zeros(len(here)),
                  Time=0.5, Redshift=1.0, BoxSize=10000.0, NumFilesPerSnapshot=np.int32(files))
    f.create_group("Header").attrs.update({**values, **more})


COSMOLOGY = dict(HubbleParam=0.7, Omega0=0.3, OmegaLambda=0.7)
UNITS = dict(UnitLength_in_cm=3.085678e21, UnitMass_in_g=1.989e43, UnitVelocity_in_cm_per_s=1e5)


def scaled(dataset, length, mass, velocity, a, h, cgs):
    names = ("length_scaling", "mass_scaling", "velocity_scaling", "a_scaling", "h_scaling", "to_cgs")
    dataset.attrs.update(dict(zip(names, map(float, (length, mass, velocity, a, h, cgs)))))


def compressed():
    """GADGET-4: parameters apart from the header, chunks, gzip + shuffle + checksum, lzf, chunks that split the axes."""
    n = 1000
    with h5py.File(f"{HERE}/compressed_007.hdf5", "w") as f:
        header(f, [n, 0], [n, 0])
        f.create_group("Parameters").attrs.update(dict(ComovingIntegrationOn=np.int32(1), **COSMOLOGY, **UNITS))
        g = f.create_group("PartType0")
        d = g.create_dataset("Coordinates", data=position(n), chunks=(64, 3), compression="gzip", shuffle=True, fletcher32=True)
        scaled(d, 1, 0, 0, 1, -1, 3.085678e21)
        g.create_dataset("Velocities", data=velocity(n).astype("f4"), chunks=(128, 1), compression="gzip")
        g.create_dataset("ParticleIDs", data=identifier(n), chunks=(100,), compression="lzf", shuffle=True)
        g.create_dataset("Masses", data=np.full(n, 0.25, "f4"), chunks=(64,), maxshape=(None,), compression="gzip")
        d = g.create_dataset("MagneticField", data=position(n).astype("f4"), chunks=(500, 3))
        scaled(d, -1.5, 0.5, 1, -2, 1, 2.6e-6)
        d = g.create_dataset("CoolingRate", data=np.arange(n, dtype="f4"), chunks=(64,))
        scaled(d, 0, 0, 2, 0, 0, 1e10)
        g.create_dataset("Half", data=(np.arange(n) / 8).astype("f2"))
        g.create_dataset("Flag", data=np.arange(n) % 3 == 0)
        g.create_dataset("Remark", data=np.array([b"text"] * n))


def many():
    """AREPO in three files: winds among the stars, one file without stars, low-resolution dark matter with a mass table, tracers."""
    gas, dark, stars, tracers = [5, 0, 7], [4, 4, 4], [30, 0, 10], [3, 2, 0]
    total = [sum(gas), sum(dark), 0, sum(tracers), sum(stars), 0]
    first = {"gas": 0, "dark": 0, "stars": 0, "tracers": 0}
    for k in range(3):
        with h5py.File(f"{HERE}/many_012.{k}.hdf5", "w") as f:
            here = [gas[k], dark[k], 0, tracers[k], stars[k], 0]
            header(f, here, total, 3, NumPart_Total_HighWord=np.zeros(6, "u4"), **COSMOLOGY, **UNITS)
            f["Header"].attrs["MassTable"] = np.array([0, 0.5, 0, 0, 0, 0])
            f.create_group("Config").attrs.update(dict(VORONOI="", TRACER_MC=np.float64(1)))
            for name, number, rows in (("gas", 0, gas[k]), ("dark", 1, dark[k]), ("stars", 4, stars[k])):
                if rows == 0:
                    continue
                g = f.create_group(f"PartType{number}")
                g["Coordinates"] = position(rows, first[name]).astype("f4")
                g["Velocities"] = velocity(rows, first[name]).astype("f4")
                g["ParticleIDs"] = identifier(rows, first[name])
                i = np.arange(first[name], first[name] + rows)
                if name != "dark":
                    g["Masses"] = np.full(rows, 0.125, "f4")
                if name == "gas":
                    g["Density"] = (i + 1).astype("f4")
                if name == "stars":
                    g["GFM_StellarFormationTime"] = np.where(i % 5 == 2, -0.4, 0.25 + i / 256).astype("f4")
                    g["GFM_InitialMass"] = np.full(rows, 0.25, "f4")
                    g["BirthPos"] = position(rows, first[name]).astype("f4")
                    g["GFM_StellarPhotometrics"] = np.tile(np.arange(8, dtype="f4"), (rows, 1))
                first[name] += rows
            if tracers[k]:
                g = f.create_group("PartType3")
                g["TracerID"] = identifier(tracers[k], first["tracers"])
                g["ParentID"] = identifier(tracers[k], first["tracers"]) + 1
                first["tracers"] += tracers[k]


def big_endian():
    """Most significant byte first everywhere, 64-bit identifiers, single-precision positions."""
    n = 50
    with h5py.File(f"{HERE}/big_endian_003.hdf5", "w") as f:
        header(f, [0, n, 0, 0, 0, 0], [0, n, 0, 0, 0, 0], **COSMOLOGY)
        g = f.create_group("PartType1")
        g["Coordinates"] = position(n).astype(">f4")
        g["Velocities"] = velocity(n).astype(">f8")
        g["ParticleIDs"] = identifier(n).astype(">u8")
        g["Masses"] = np.full(n, 0.5, ">f4")


def isolated():
    """Not comoving: `Time` is a time; two kinds of dark particles in one table, one of them with a potential."""
    with h5py.File(f"{HERE}/isolated_001.hdf5", "w") as f:
        header(f, [0, 6, 4, 0, 5, 0], [0, 6, 4, 0, 5, 0], Time=2.0, Redshift=0.0, BoxSize=0.0)
        f["Header"].attrs["MassTable"] = np.array([0, 2.0, 3.0, 0, 0.5, 0])
        f.create_group("Parameters").attrs.update(dict(ComovingIntegrationOn=np.int32(0), HubbleParam=1.0, **UNITS))
        for number, rows in ((1, 6), (2, 4), (4, 5)):
            g = f.create_group(f"PartType{number}")
            g["Coordinates"], g["Velocities"] = position(rows) - 1, velocity(rows).astype("f4")
            g["ParticleIDs"] = np.arange(rows, dtype="u4") + 100 * number
            if number == 2:
                g["Potential"] = -np.arange(rows, dtype="f4")
            if number == 4:
                g["StellarFormationTime"] = np.arange(rows, dtype="f4") / 4


def unwritten():
    """A chunked dataset of which one chunk was never written, as an interrupted writer leaves it."""
    n = 256
    with h5py.File(f"{HERE}/unwritten_000.hdf5", "w") as f:
        header(f, [0, n, 0, 0, 0, 0], [0, n, 0, 0, 0, 0], **COSMOLOGY)
        g = f.create_group("PartType1")
        d = g.create_dataset("Coordinates", shape=(n, 3), dtype="f4", chunks=(64, 3))
        d[:128] = position(128).astype("f4")
        g["Masses"] = np.full(n, 0.5, "f4")


if __name__ == "__main__":
    os.makedirs(HERE, exist_ok=True)
    for make in (compressed, many, big_endian, isolated, unwritten):
        make()
    for name in sorted(os.listdir(HERE)):
        print(name, os.path.getsize(os.path.join(HERE, name)))
