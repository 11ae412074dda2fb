"""Writes the tiny HDF5 files of tests/data/hdf5 and tests/data/eagle (h5py and numpy only; run from anywhere, names of functions choose).

Every value follows a formula that tests/it/ingest_hdf5.rs repeats, so no golden file is needed:
    position of row i, axis k   (i + 1) * (k + 1) / 8   (code units; exact in float32)
    velocity of row i, axis k   (i - 100 * k) / 4
    identifier of row i         2**40 + 7 * i
"""
import os
import sys

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


def gizmo():
    """Units already divided by h, eleven metals and two more, split particles, a time of formation."""
    n = 20
    units = dict(UnitLength_In_CGS=3.085678e21 / 0.7, UnitMass_In_CGS=1.989e43 / 0.7, UnitVelocity_In_CGS=1e5)
    with h5py.File(f"{HERE}/gizmo_005.hdf5", "w") as f:
        header(f, [n, 0, 0, 0, n, 0], [n, 0, 0, 0, n, 0], HubbleParam=0.7, Omega_Matter=0.3, Omega_Lambda=0.7, **units)
        for number in (0, 4):
            g = f.create_group(f"PartType{number}")
            g["Coordinates"], g["Velocities"], g["Masses"] = position(n), velocity(n).astype("f4"), np.full(n, 0.25, "f4")
            g["ParticleIDs"], g["ParticleChildIDsNumber"] = np.arange(n, dtype="u4"), np.zeros(n, "u4")
            g["Metallicity"] = np.tile(np.arange(13) / 64, (n, 1)).astype("f4")
            if number == 0:
                g["InternalEnergy"], g["ElectronAbundance"] = np.full(n, 1000.0, "f4"), np.full(n, 1.25, "f4")
            else:
                g["StellarFormationTime"] = np.linspace(0.25, 0.5, n).astype("f4")


def swift():
    """Lists of one number, exponents of every unit, no h, soft links at the root, sinks and neutrinos."""
    n = 20
    mpc, gram, second = 3.085678e24, 1.989e43, 3.085678e19
    counts = [n, 0, 0, 2, n, 0, 3]

    def put(group, name, values, a, length=0, mass=0, time=0, kelvin=0):
        d = group.create_dataset(name, data=values)
        one = lambda value: np.array([value], "f8")  # noqa: E731
        d.attrs.update({"a-scale exponent": one(a), "h-scale exponent": one(0), "U_L exponent": one(length), "U_M exponent": one(mass),
                        "U_t exponent": one(time), "U_T exponent": one(kelvin), "U_I exponent": one(0),
                        "Conversion factor to CGS (not including cosmological corrections)": one(mpc**length * gram**mass * second**time)})

    with h5py.File(f"{HERE}/swift_0009.hdf5", "w") as f:
        header(f, counts, counts, Redshift=np.array([1.0]), Time=np.array([0.006]), BoxSize=np.array([10.0] * 3), NumPartTypes=np.array([7]))
        f["Header"].attrs["Scale-factor"] = np.array([0.5])
        f.create_group("Cosmology").attrs.update({"Cosmological run": np.array([1], "i4"), "h": np.array([0.7]), "Omega_m": np.array([0.3]),
                                                  "Omega_lambda": np.array([0.7]), "w_0": np.array([-1.0]), "w_a": np.array([0.0])})
        f.create_group("Units").attrs.update({"Unit length in cgs (U_L)": np.array([mpc]), "Unit mass in cgs (U_M)": np.array([gram]),
                                              "Unit time in cgs (U_t)": np.array([second])})
        for number in (0, 3, 4, 6):
            g, rows = f.create_group(f"PartType{number}"), counts[number]
            put(g, "Coordinates", position(rows) / 1000, 1, length=1)
            put(g, "Velocities", velocity(rows).astype("f4"), 0, length=1, time=-1)
            put(g, "ParticleIDs", identifier(rows), 0)
            put(g, "Masses", np.full(rows, 0.25, "f4"), 0, mass=1)
            if number == 0:
                put(g, "InternalEnergies", np.full(rows, 1000.0, "f4"), -2, length=2, time=-2)
                put(g, "Densities", np.full(rows, 8.0, "f4"), -3, length=-3, mass=1)
                put(g, "Temperatures", np.full(rows, 2e4, "f4"), 0, kelvin=1)
                put(g, "StarFormationRates", np.full(rows, 2.0, "f4"), 0, mass=1, time=-1)
            if number == 4:
                put(g, "BirthScaleFactors", np.linspace(0.25, 0.5, rows).astype("f4"), 0)
                put(g, "ElementMassFractions", np.tile(np.arange(9) / 64, (rows, 1)).astype("f4"), 0)
        elements = ["Hydrogen", "Helium", "Carbon", "Nitrogen", "Oxygen", "Neon", "Magnesium", "Silicon", "Iron"]
        f["SubgridScheme/NamedColumns/ElementMassFractions"] = np.array(elements, "S32")
        f["GasParticles"] = h5py.SoftLink("/PartType0")


def eagle():
    """Powers of a and h at every dataset, elements in a group of their own, a header whose unit of length is not that of the datasets."""
    n = 20

    def put(group, name, values, a, h, cgs):
        group.create_dataset(name, data=values).attrs.update({"aexp-scale-exponent": np.float32(a), "h-scale-exponent": np.float32(h), "CGSConversionFactor": cgs})

    with h5py.File(f"{HERE}/eagle_028_z001p000.0.hdf5", "w") as f:
        header(f, [0, n, 0, 0, n, 0], [0, n, 0, 0, n, 0], BoxSize=10.0, ExpansionFactor=0.5, **COSMOLOGY, **UNITS)
        f["Header"].attrs["MassTable"] = np.array([0, 0.5, 0, 0, 0, 0])
        f.create_group("RuntimePars")
        f.create_group("Units").attrs.update(dict(UNITS, UnitLength_in_cm=3.085678e24))
        for number in (1, 4):
            g = f.create_group(f"PartType{number}")
            put(g, "Coordinates", position(n) / 1000, 1, -1, 3.085678e24)
            put(g, "Velocity", velocity(n).astype("f4"), 0.5, 0, 1e5)
            put(g, "ParticleIDs", identifier(n), 0, 0, 1.0)
            put(g, "GroupNumber", np.full(n, 2**30, "i4"), 0, 0, 1.0)
            if number == 4:
                put(g, "Mass", np.full(n, 0.25, "f4"), 0, -1, 1.989e43)
                put(g, "StellarFormationTime", np.linspace(0.25, 0.5, n).astype("f4"), 0, 0, 1.0)
                put(g, "ElementAbundance/Iron", np.full(n, 0.125, "f4"), 0, 0, 1.0)
                put(g, "ElementAbundance/Hydrogen", np.full(n, 0.75, "f4"), 0, 0, 1.0)


def cutout():
    """What a script leaves that copies the header of a file of a large run and one subhalo's rows: no gas, no mass table."""
    n = 12
    with h5py.File(f"{HERE}/cutout_099.hdf5", "w") as f:
        header(f, [1000, 2000, 0, 0, 500, 3], [600000, 1200000, 0, 0, 300000, 900], 600, **COSMOLOGY, **UNITS)
        del f["Header"].attrs["MassTable"]
        for number, rows in ((1, n), (4, 5)):
            g = f.create_group(f"PartType{number}")
            g["Coordinates"], g["Velocities"] = position(rows), velocity(rows).astype("f4")
            g["ParticleIDs"] = identifier(rows)
            if number == 4:
                g["Masses"], g["GFM_StellarFormationTime"] = np.full(rows, 0.125, "f4"), np.linspace(0.25, 0.5, rows).astype("f4")


def neutral():
    """Gas with an internal energy and no electron abundance: a run without cooling; SWIFT's with its hydrogen."""
    n = 10
    with h5py.File(f"{HERE}/neutral_002.hdf5", "w") as f:
        header(f, [n, 0], [n, 0], **COSMOLOGY, **UNITS)
        g = f.create_group("PartType0")
        g["Coordinates"], g["Velocities"], g["Masses"] = position(n), velocity(n).astype("f4"), np.full(n, 0.25, "f4")
        g["ParticleIDs"], g["InternalEnergy"] = identifier(n), (100.0 * (1 + np.arange(n))).astype("f4")


def eagle_groups():
    """Two groups and three subhaloes of EAGLE in two files, one of them without groups, and the snapshot they were found in."""
    folder = os.path.join(os.path.dirname(HERE), "eagle")
    mpc, gram, kms, none = 3.085678e24, 1.989e43, 1e5, 2**30
    units = dict(UNITS, UnitLength_in_cm=mpc)

    def put(group, name, values, a, h, cgs):
        group.create_dataset(name, data=values).attrs.update({"aexp-scale-exponent": np.float32(a), "h-scale-exponent": np.float32(h), "CGSConversionFactor": cgs})

    # Gas, dark matter, stars; -2 is inside the radius of group 2 without being its member.
    members = {0: ([1, 1, 1, 2, none, -2], [0, 1, none, 0, none, none]),
               1: ([1, 1, 2, 2, 2, none, 1, 1], [0, 0, 0, 0, none, none, 1, 1]),
               4: ([1, 1, 2, none], [0, 1, 0, none])}
    snapshot = f"{folder}/snapshot_005_z001p000"
    os.makedirs(snapshot, exist_ok=True)
    with h5py.File(f"{snapshot}/snap_005_z001p000.0.hdf5", "w") as f:
        here = [len(members[k][0]) if k in members else 0 for k in range(6)]
        header(f, here, here, BoxSize=10.0, ExpansionFactor=0.5, **COSMOLOGY, **UNITS)
        f["Header"].attrs["MassTable"] = np.array([0, 0.5, 0, 0, 0, 0])
        f.create_group("RuntimePars")
        f.create_group("Units").attrs.update(units)
        for number, (group, sub) in members.items():
            g, n = f.create_group(f"PartType{number}"), len(group)
            put(g, "Coordinates", position(n) / 1000, 1, -1, mpc)
            put(g, "Velocity", velocity(n).astype("f4"), 0.5, 0, kms)
            put(g, "ParticleIDs", 1000 * number + np.arange(n, dtype="u8"), 0, 0, 1.0)
            put(g, "GroupNumber", np.array(group, "i4"), 0, 0, 1.0)
            put(g, "SubGroupNumber", np.array(sub, "i4"), 0, 0, 1.0)
            if number != 1:
                put(g, "Mass", np.full(n, 0.25, "f4"), 0, -1, gram)

    groups = f"{folder}/groups_005_z001p000"
    os.makedirs(groups, exist_ok=True)
    for k, (n_groups, rows) in enumerate(((2, [0, 1]), (0, [2]))):
        with h5py.File(f"{groups}/eagle_subfind_tab_005_z001p000.{k}.hdf5", "w") as f:
            f.create_group("Header").attrs.update(dict(NTask=np.int32(2), Ngroups=np.int32(n_groups), TotNgroups=np.int32(2),
                                                       Nsubgroups=np.int32(len(rows)), TotNsubgroups=np.int32(3), BoxSize=10.0,
                                                       ExpansionFactor=0.5, Time=0.5, Redshift=1.0, **COSMOLOGY))
            f.create_group("Units").attrs.update(units)
            fof, sub = f.create_group("FOF"), f.create_group("Subhalo")
            if n_groups:
                put(fof, "GroupCentreOfPotential", np.array([[1.0, 2, 3], [4, 5, 6]]) / 8, 1, -1, mpc)
                put(fof, "GroupLength", np.array([9, 5], "i4"), 0, 0, 1.0)
                put(fof, "GroupMass", np.array([4.0, 2.0], "f4"), 0, -1, gram)
                put(fof, "Group_M_Crit200", np.array([3.5, 1.75], "f4"), 0, -1, gram)
                put(fof, "Group_R_Crit200", np.array([0.25, 0.125], "f4"), 1, -1, mpc)
                put(fof, "NumOfSubhalos", np.array([2, 1], "i4"), 0, 0, 1.0)
                put(fof, "FirstSubhaloID", np.array([0, 2], "i4"), 0, 0, 1.0)
            i = np.array(rows)
            put(sub, "GroupNumber", np.array([1, 1, 2], "i4")[i], 0, 0, 1.0)
            put(sub, "SubGroupNumber", np.array([0, 1, 0], "i4")[i], 0, 0, 1.0)
            put(sub, "CentreOfPotential", (i[:, None] + np.arange(3)[None, :]) / 8.0, 1, -1, mpc)
            put(sub, "Velocity", (velocity(3)[i]).astype("f4"), 0, 0, kms)
            put(sub, "Mass", np.array([2.0, 1.0, 1.5], "f4")[i], 0, -1, gram)
            put(sub, "MassType", (np.arange(18).reshape(3, 6)[i] / 16).astype("f4"), 0, -1, gram)
            put(sub, "SubLength", np.array([4, 4, 4], "i4")[i], 0, 0, 1.0)
            put(sub, "SubLengthType", np.array([[1, 2, 0, 0, 1, 0]] * 3, "i4")[i], 0, 0, 1.0)
            put(sub, "Vmax", np.array([100.0, 50.0, 75.0], "f4")[i], 0, 0, kms)
            put(sub, "VmaxRadius", np.array([0.5, 0.25, 0.125], "f4")[i], 1, -1, mpc)
            put(sub, "KineticEnergy", np.array([8.0, 4.0, 2.0], "f4")[i], 0, -1, gram * kms**2)
            put(sub, "StarFormationRate", np.array([1.0, 0.0, 2.0], "f4")[i], 0, 0, 6.30321217e25)
            put(sub, "GasSpin", np.ones((len(i), 3), "f4"), 1, -1, mpc * kms)
            put(sub, "IDMostBound", np.array([1000, 1006, 1002], "u8")[i], 0, 0, 1.0)
            put(sub, "Stars/MassWeightedEntropy", np.ones(len(i), "f4"), 0, 0, 2.5)
            put(sub, "ApertureMeasurements/Mass/030kpc", (np.ones((len(i), 6)) / 4).astype("f4"), 0, -1, gram)


if __name__ == "__main__":
    os.makedirs(HERE, exist_ok=True)
    makers = (compressed, many, big_endian, isolated, unwritten, gizmo, swift, eagle, cutout, neutral, eagle_groups)
    for make in makers:
        if len(sys.argv) == 1 or make.__name__ in sys.argv[1:]:
            make()
    for name in sorted(os.listdir(HERE)):
        print(name, os.path.getsize(os.path.join(HERE, name)))
