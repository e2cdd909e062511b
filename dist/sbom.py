#!/usr/bin/env python3
"""Prints what is linked into portolan as a CycloneDX list: every crate with version, licence and checksum, from cargo's own
metadata and Cargo.lock. Two runs of one commit print the same: `dist/sbom.py TARGET`."""

import datetime
import json
import os
import pathlib
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent


def linked(metadata):
    """The packages that the binary contains, by id, and for each of them those that it needs itself."""
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    needs, ahead = {}, [metadata["resolve"]["root"]]
    while ahead:
        package = ahead.pop()
        if package not in needs:
            normal = [d["pkg"] for d in nodes[package]["deps"] if any(kind["kind"] is None for kind in d["dep_kinds"])]
            needs[package] = sorted(normal)
            ahead += normal
    return needs


def main():
    words = ["cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", sys.argv[1]]
    metadata = json.loads(subprocess.check_output(words, cwd=ROOT))
    lock = tomllib.loads((ROOT / "Cargo.lock").read_text())
    checksums = {(p["name"], p["version"]): p.get("checksum") for p in lock["package"]}
    packages, needs = {p["id"]: p for p in metadata["packages"]}, linked(metadata)

    def purl(package):
        return f"pkg:cargo/{packages[package]['name']}@{packages[package]['version']}"

    def component(package):
        name, version = packages[package]["name"], packages[package]["version"]
        found = {"type": "library", "bom-ref": purl(package), "name": name, "version": version, "purl": purl(package)}
        if packages[package]["license"]:
            found["licenses"] = [{"expression": packages[package]["license"].replace("/", " OR ")}]
        if checksums[name, version]:
            found["hashes"] = [{"alg": "SHA-256", "content": checksums[name, version]}]
        return found

    root = metadata["resolve"]["root"]
    time = datetime.datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), datetime.timezone.utc)
    bom = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": component(root) | {"type": "application"},
        },
        "components": sorted(map(component, set(needs) - {root}), key=lambda found: found["purl"]),
        "dependencies": [
            {"ref": purl(package), "dependsOn": sorted(map(purl, needs[package]))} for package in sorted(needs, key=purl)
        ],
    }
    print(json.dumps(bom, indent=2))


if __name__ == "__main__":
    main()
