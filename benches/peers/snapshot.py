#!/usr/bin/env python3
"""Makes a snapshot and times numpy or h5py, pynbody and yt on it, from opening to the answer, without the imports.

    snapshot.py make FILE [--particles N]
    snapshot.py time FILE --tool numpy|pynbody|yt
    snapshot.py copy FILE

FILE is IllustrisTNG's HDF5 if its name ends so, else Tipsy with auxiliary arrays FeMassFrac and iord and a .param file.
It holds 20% gas, 50% dark matter and 30% stars.
The question: number and mass of stars with r < 5 kpc and [Fe/H] < -1, on pynbody's solar scale for Tipsy.
`copy` copies the file and its arrays and compresses the copies by zstd at level 1, on one thread.
"""
import argparse
import os
import resource
import struct
import sys
import time

import numpy as np

KPC_UNIT = 50000.0
HUBBLE, OMEGA_M, OMEGA_L = 0.6774, 0.3089, 0.6911
MSUN_UNIT = 277.5366 * HUBBLE**2 * KPC_UNIT**3
VELOCITY_UNIT = (4.30091e-6 * MSUN_UNIT / KPC_UNIT) ** 0.5
SOLAR_FE_H = np.log10(0.125e-2 / 0.706)
# Asplund et al. 2009: A(Fe) = 7.50, atomic masses of iron and hydrogen.
SOLAR_ASPLUND = np.log10(10 ** (7.50 - 12) * 55.845 / 1.008)
BOX = 35000.0
FIELDS = {
    "gas": "mass x y z vx vy vz rho temp eps metals phi",
    "dark": "mass x y z vx vy vz eps phi",
    "stars": "mass x y z vx vy vz metals tform eps phi",
}


def record(family):
    return np.dtype([(name, ">f4") for name in FIELDS[family].split()])


def make(path, particles):
    numbers = {"gas": particles // 5, "dark": particles // 2}
    numbers["stars"] = particles - sum(numbers.values())
    iron = []
    with open(path, "wb") as file:
        file.write(struct.pack(">diiiiii", 1.0, particles, 3, numbers["gas"], numbers["dark"], numbers["stars"], 0))
        for seed, (family, count) in enumerate(numbers.items()):
            random = np.random.default_rng(seed)
            radius = 12 * random.random(count, dtype="f4") ** 1.5
            place = random.normal(size=(count, 3)).astype("f4")
            place *= (radius / np.sqrt((place**2).sum(1)))[:, None]
            rows = np.zeros(count, record(family))
            rows["mass"] = 1e4 / MSUN_UNIT
            for axis, name in enumerate("xyz"):
                rows[name] = place[:, axis] / KPC_UNIT
                rows["v" + name] = random.normal(size=count) * 120 / VELOCITY_UNIT
            fraction = np.zeros(count, ">f4")
            if family != "dark":
                rows["metals"] = 0.01
            if family == "stars":
                rows["tform"] = 0.01
                fraction[:] = 1.2e-3 * 10 ** random.normal(-0.6, 0.6, count)
            iron.append(fraction)
            file.write(rows.tobytes())
    with open(path + ".FeMassFrac", "wb") as file:
        file.write(struct.pack(">i", particles) + b"".join(part.tobytes() for part in iron))
    with open(path + ".iord", "wb") as file:
        file.write(struct.pack(">i", particles) + np.arange(particles, dtype=">i4").tobytes())
    with open(os.path.join(os.path.dirname(path), "bench.param"), "w") as file:
        file.write(f"dHubble0 = {np.sqrt(8 * np.pi / 3)}\ndOmega0 = {OMEGA_M}\ndLambda = {OMEGA_L}\ndKpcUnit = {KPC_UNIT}\n")
        file.write(f"dMsolUnit = {MSUN_UNIT:.9e}\nbComove = 1\niBinaryOutput = 1\n")


def make_tng(path, particles):
    import h5py

    numbers = {0: particles // 5, 1: particles // 2}
    numbers[4] = particles - sum(numbers.values())
    counts = np.array([numbers.get(kind, 0) for kind in range(6)], "i4")
    powers = ("length_scaling", "mass_scaling", "velocity_scaling", "a_scaling", "h_scaling", "to_cgs")

    def put(group, name, values, *scaling):
        group[name] = values
        group[name].attrs.update(zip(powers, map(float, scaling)))

    with h5py.File(path, "w") as file:
        file.create_group("Header").attrs.update(
            dict(NumPart_ThisFile=counts, NumPart_Total=counts.astype("u4"), NumPart_Total_HighWord=np.zeros(6, "u4"), MassTable=np.zeros(6),
                 Time=1.0, Redshift=0.0, BoxSize=BOX, NumFilesPerSnapshot=1, Omega0=OMEGA_M, OmegaLambda=OMEGA_L, HubbleParam=HUBBLE,
                 UnitLength_in_cm=3.085678e21, UnitMass_in_g=1.989e43, UnitVelocity_in_cm_per_s=1e5)
        )
        file.create_group("Config").attrs["VORONOI"] = ""
        file.create_group("Parameters").attrs.update(dict(HubbleParam=HUBBLE, Omega0=OMEGA_M, OmegaLambda=OMEGA_L, BoxSize=BOX))
        for kind, count in numbers.items():
            random = np.random.default_rng(kind)
            place = random.normal(size=(count, 3)).astype("f4")
            place *= (12 * random.random(count, dtype="f4") ** 1.5 / np.sqrt((place**2).sum(1)))[:, None]
            group = file.create_group(f"PartType{kind}")
            put(group, "Coordinates", (place * HUBBLE + BOX / 2).astype("f8"), 1, 0, 0, 1, -1, 3.085678e21)
            put(group, "Velocities", (random.normal(size=(count, 3)) * 120).astype("f4"), 0, 0, 1, 0.5, 0, 1e5)
            put(group, "Masses", np.full(count, 1e-6 * HUBBLE, "f4"), 0, 1, 0, 0, -1, 1.989e43)
            group["ParticleIDs"] = np.arange(count, dtype="u8") + 10**9 * kind
            if kind != 1:
                metals = np.zeros((count, 10), "f4")
                metals[:, 0], metals[:, 1] = 0.74, 0.25
                metals[:, 8] = 1.2e-3 * 10 ** random.normal(-0.6, 0.6, count)
                group["GFM_Metals"] = metals
                group["GFM_Metallicity"] = np.full(count, 0.01, "f4")
            if kind == 0:
                for name in ("InternalEnergy", "Density", "ElectronAbundance"):
                    group[name] = np.ones(count, "f4")
            if kind == 4:
                group["GFM_StellarFormationTime"], group["GFM_InitialMass"] = np.full(count, 0.5, "f4"), np.full(count, 1e-6, "f4")


def with_h5py(path):
    import h5py

    started = time.perf_counter()
    with h5py.File(path) as file:
        place = (file["PartType4/Coordinates"][:] - BOX / 2) / HUBBLE
        metals = file["PartType4/GFM_Metals"][:]
        mass = file["PartType4/Masses"][:] * (1e10 / HUBBLE)
    opened = time.perf_counter()
    near = (place**2).sum(1) < 25
    poor = np.log10(metals[near, 8] / metals[near, 0]) - SOLAR_ASPLUND < -1
    return h5py.__version__, started, opened, (int(poor.sum()), float(mass[near][poor].sum(dtype="f8")))


def with_yt(path):
    import yt

    yt.set_log_level(50)
    started = time.perf_counter()
    tng = path.endswith(".hdf5")
    if tng:
        data = yt.load(path)
        centre, stars = data.arr([BOX / 2 / HUBBLE] * 3, "kpc"), "PartType4"
    else:
        cosmology = dict(current_redshift=0.0, omega_lambda=OMEGA_L, omega_matter=OMEGA_M, hubble_constant=HUBBLE)
        data = yt.load(path, bounding_box=[[-0.001, 0.001]] * 3, unit_base={"length": (KPC_UNIT, "kpc")}, cosmology_parameters=cosmology)
        centre, stars = data.arr([0, 0, 0], "kpc"), "Stars"
    data.index
    opened = time.perf_counter()
    near = data.sphere(centre, (5, "kpc"))
    if tng:
        feh = np.log10(np.asarray(near[stars, "GFM_Metals_08"]) / np.asarray(near[stars, "GFM_Metals_00"])) - SOLAR_ASPLUND
    else:
        metals = np.asarray(near[stars, "Metals"])
        feh = np.log10(np.asarray(near[stars, "FeMassFrac"]) / (1 - metals - 0.236 - 2.1 * metals)) - SOLAR_FE_H
    poor = feh < -1
    mass = near[stars, "particle_mass"].to("Msun")
    return yt.__version__, started, opened, (int(poor.sum()), float(mass[poor].sum()))


def copy(path):
    import glob
    import shutil

    import pyarrow

    started = time.perf_counter()
    for source in sorted(glob.glob(path + "*")):
        shutil.copyfile(source, source + ".copy")
        with open(source + ".copy", "rb") as file, pyarrow.output_stream(source + ".zst", compression="zstd") as out:
            shutil.copyfileobj(file, out, 1 << 22)
        os.remove(source + ".copy")
        os.remove(source + ".zst")
    ended = time.perf_counter()
    print("version", pyarrow.__version__)
    print("time ingest", (ended - started) * 1e3, 0)
    print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def with_numpy(path):
    if path.endswith(".hdf5"):
        return with_h5py(path)
    started = time.perf_counter()
    with open(path, "rb") as file:
        _, _, _, gas, dark, stars, _ = struct.unpack(">diiiiii", file.read(32))
    rows = np.memmap(path, record("stars"), "r", 32 + gas * 48 + dark * 36, (stars,))
    place = np.stack([rows[name] for name in "xyz"], 1).astype("f4") * KPC_UNIT
    iron = np.fromfile(path + ".FeMassFrac", ">f4", stars, offset=4 + 4 * (gas + dark)).astype("f4")
    metals, mass = rows["metals"].astype("f4"), rows["mass"].astype("f4") * MSUN_UNIT
    opened = time.perf_counter()
    near = (place**2).sum(1) < 25
    feh = np.log10(iron[near] / (1 - metals[near] - 0.236 - 2.1 * metals[near])) - SOLAR_FE_H
    poor = feh < -1
    answer = int(poor.sum()), float(mass[near][poor].sum(dtype="f8"))
    return np.__version__, started, opened, answer


def with_pynbody(path, everything=False):
    import warnings

    warnings.filterwarnings("ignore")
    import pynbody

    started = time.perf_counter()
    tng = path.endswith(".hdf5")
    snapshot = pynbody.load(path)
    snapshot.physical_units()
    stars = snapshot.s
    stars["pos"], stars["mass"], stars["GFM_Metals" if tng else "FeMassFrac"]
    if everything:
        stars["vel"], len(snapshot)
    opened = time.perf_counter()
    near = stars[pynbody.filt.Sphere("5 kpc", cen=(BOX / 2 / HUBBLE,) * 3 if tng else (0, 0, 0))]
    metals = np.asarray(near["GFM_Metals"]) if tng else None
    poor = (np.log10(metals[:, 8] / metals[:, 0]) - SOLAR_ASPLUND if tng else np.asarray(near["feh"])) < -1
    answer = int(poor.sum()), float(np.asarray(near["mass"])[poor].sum(dtype="f8"))
    return pynbody.__version__, started, opened, answer


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("action", choices=["make", "time", "copy"])
    arguments.add_argument("file")
    arguments.add_argument("--particles", type=int, default=4_000_000)
    arguments.add_argument("--all", action="store_true", help="load velocities too, as notebooks do")
    arguments.add_argument("--tool", choices=["numpy", "pynbody", "yt"])
    given = arguments.parse_args()
    if given.action == "make":
        return (make_tng if given.file.endswith(".hdf5") else make)(given.file, given.particles)
    if given.action == "copy":
        return copy(given.file)
    tools = {"numpy": with_numpy, "pynbody": lambda path: with_pynbody(path, given.all), "yt": with_yt}
    version, started, opened, answer = tools[given.tool](given.file)
    ended = time.perf_counter()
    print("version", version)
    print("time open", (opened - started) * 1e3, answer[0])
    print("time query", (ended - opened) * 1e3, answer[0])
    print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


if __name__ == "__main__":
    sys.exit(main())
