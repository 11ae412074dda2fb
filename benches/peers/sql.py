#!/usr/bin/env python3
"""Makes the rows of the SQL benchmark and times one engine on them.

    sql.py make FILE [--rows N]
    sql.py time FILE --engine duckdb|datafusion|polars

`make` writes a disc of stars as Parquet, sorted along a Morton curve, zstd level 1, byte-stream split, page index.
`time` prints `time <query> <ms> <sum of the second column>` for each of three runs, then `peak` and `version`.
"""
import argparse
import resource
import sys
import time

REPEATS = 3
SQL = {
    "mdf": "SELECT CAST(floor(feh*10) AS BIGINT) AS b, count(*) AS n, avg(age) AS a FROM t WHERE abs(z) < 1.0 GROUP BY 1 ORDER BY 1",
    "profile": "SELECT CAST(floor(sqrt(x*x+y*y)) AS BIGINT) AS b, sum(mass) AS m, stddev(vz) AS s FROM t GROUP BY 1 ORDER BY 1",
    "box": "SELECT count(*) AS n, avg(vx) AS a FROM t WHERE x BETWEEN 7.9 AND 8.4 AND y BETWEEN -0.25 AND 0.25 AND z BETWEEN -0.25 AND 0.25",
    "topk": "SELECT pid, mass FROM t ORDER BY mass DESC LIMIT 100",
}


def make(path, rows):
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    random = np.random.default_rng(7)
    radius = -8.0 * np.log(np.maximum(random.random(rows), 1e-12))
    angle = random.random(rows) * 2 * np.pi
    columns = {
        "x": radius * np.cos(angle),
        "y": radius * np.sin(angle),
        "z": random.laplace(0, 0.6, rows),
        "vx": random.normal(0, 120, rows),
        "vy": random.normal(0, 120, rows),
        "vz": random.normal(0, 60, rows),
        "mass": 7e3 * np.exp(random.normal(0, 0.3, rows)),
        "feh": -0.06 * radius + 0.1 + random.normal(0, 0.2, rows),
    }
    columns = {name: values.astype("f4") for name, values in columns.items()}
    columns["age"] = 13.5 * random.random(rows)
    key = np.zeros(rows, "u8")
    for axis, name in enumerate("xyz"):
        cell = np.clip((columns[name] + 200.0) / 400.0 * (1 << 21), 0, (1 << 21) - 1).astype("u8")
        for bit in range(21):
            key |= ((cell >> np.uint64(bit)) & np.uint64(1)) << np.uint64(3 * bit + axis)
    order = np.argsort(key, kind="stable")
    columns["pid"], columns["mkey"] = np.arange(rows, dtype="u8"), key
    table = pa.table({name: values[order] for name, values in columns.items()})
    floats = [name for name in columns if name not in ("pid", "mkey")]
    pq.write_table(
        table, path, row_group_size=262_144, compression="zstd", compression_level=1, use_dictionary=False,
        use_byte_stream_split=floats, column_encoding={"pid": "DELTA_BINARY_PACKED", "mkey": "DELTA_BINARY_PACKED"},
        write_page_index=True, data_page_size=256 * 1024,
    )


def duckdb_engine(path):
    import duckdb

    connection = duckdb.connect()
    connection.execute(f"CREATE VIEW t AS SELECT * FROM read_parquet('{path}')")
    return duckdb.__version__, lambda query: connection.sql(SQL[query]).to_arrow_table()


def datafusion_engine(path):
    import datafusion
    import pyarrow as pa

    context = datafusion.SessionContext()
    context.register_parquet("t", path)
    return datafusion.__version__, lambda query: pa.Table.from_batches(context.sql(SQL[query]).collect())


def polars_engine(path):
    import polars as pl

    column = pl.col

    def run(query):
        rows = pl.scan_parquet(path)
        if query == "mdf":
            group = (column("feh") * 10).floor().cast(pl.Int64).alias("b")
            rows = rows.filter(column("z").abs() < 1.0).group_by(group).agg(pl.len().alias("n"), column("age").mean()).sort("b")
        elif query == "profile":
            group = (column("x") ** 2 + column("y") ** 2).sqrt().floor().cast(pl.Int64).alias("b")
            rows = rows.group_by(group).agg(column("mass").sum(), column("vz").std()).sort("b")
        elif query == "box":
            inside = column("x").is_between(7.9, 8.4) & column("y").is_between(-0.25, 0.25) & column("z").is_between(-0.25, 0.25)
            rows = rows.filter(inside).select(pl.len().alias("n"), column("vx").mean())
        else:
            rows = rows.select("pid", "mass").sort("mass", descending=True).head(100)
        return rows.collect().to_arrow()

    return pl.__version__, run


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("action", choices=["make", "time"])
    arguments.add_argument("file")
    arguments.add_argument("--rows", type=int, default=10_000_000)
    arguments.add_argument("--engine", choices=["duckdb", "datafusion", "polars"])
    given = arguments.parse_args()
    if given.action == "make":
        return make(given.file, given.rows)
    version, run = {"duckdb": duckdb_engine, "datafusion": datafusion_engine, "polars": polars_engine}[given.engine](given.file)
    print("version", version)
    for query in SQL:
        for _ in range(REPEATS):
            started = time.perf_counter()
            answer = run(query)
            elapsed = time.perf_counter() - started
            print("time", query, elapsed * 1e3, float(sum(answer.column(1).to_pylist())))
    print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


if __name__ == "__main__":
    sys.exit(main())
