#!/usr/bin/env python3
"""Makes an SBOM of cargo-cyclonedx repeatable: no serial number, the commit's time, no paths of the build machine."""

import datetime
import json
import os
import pathlib
import sys

bom = json.loads(pathlib.Path(sys.argv[1]).read_text())
bom.pop("serialNumber", None)
time = datetime.datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), datetime.timezone.utc)
bom["metadata"]["timestamp"] = time.strftime("%Y-%m-%dT%H:%M:%SZ")
print(json.dumps(bom, indent=2, sort_keys=True).replace(f"path+file://{sys.argv[2]}", "pkg:cargo/portolan"))
