"""Reads a dataset with DuckDB, Polars, pandas and pyarrow, as it lies on disk, and compares what they see.

Usage: python tests/peers/read_dataset.py galaxy.spolia [table]
Needs: pip install duckdb polars pandas pyarrow
Prints one line per reader; exits 1 when two of them differ.
"""

import json
import pathlib
import sys

import duckdb
import pandas
import polars
import pyarrow.compute
import pyarrow.dataset
import pyarrow.parquet


def main(root, table):
    version = int((root / "HEAD").read_text().split()[0])
    manifest = json.loads((root / "versions" / f"{version:06}.json").read_text())["manifest"]
    files = [str(root / f["path"]) for f in manifest["tables"][table]["files"]]
    rows = sum(f["rows"] for f in manifest["tables"][table]["files"])
    low = min(float(c["min"]) for f in manifest["tables"][table]["files"] for c in f["columns"] if c["name"] == "x")

    unit = pyarrow.parquet.read_schema(files[0]).field("x").metadata[b"unit"].decode()
    footer = pyarrow.parquet.ParquetFile(files[0]).metadata
    answers = {
        "manifest": (rows, low),
        "duckdb": duckdb.sql(f"SELECT count(*), min(x) FROM read_parquet({files!r}, hive_partitioning = true)").fetchall()[0],
        "polars": polars.scan_parquet(files).select(polars.len(), polars.col("x").min()).collect().row(0),
        "pandas": (len(frame := pandas.concat(pandas.read_parquet(f, columns=["x"]) for f in files)), float(frame["x"].min())),
        "pyarrow": (
            (data := pyarrow.dataset.dataset(files).to_table(columns=["x"])).num_rows,
            pyarrow.compute.min(data["x"]).as_py(),
        ),
    }
    snaps = duckdb.sql(f"SELECT DISTINCT snap FROM read_parquet({files!r}, hive_partitioning = true) ORDER BY 1").fetchall()
    for reader, answer in answers.items():
        print(f"{reader:10} rows {answer[0]}, least x {answer[1]!r}")
    print(f"unit of x by pyarrow: {unit}; snapshots by duckdb: {[s[0] for s in snaps]}; written by {footer.created_by}")
    if len({(int(a), float(b)) for a, b in answers.values()}) != 1 or unit != "kpc":
        sys.exit("readers differ")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "stars")
