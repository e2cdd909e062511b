"""Reads files with a YAML library for Python, and prints the texts of each as JSON, one file a line."""

import json
import sys


def loader(library):
    if library == "PyYAML":
        import yaml

        return yaml.safe_load
    import ruamel.yaml

    version = (1, 1) if library == "ruamel.yaml 1.1" else (1, 2)

    def load(file):
        reader = ruamel.yaml.YAML(typ="safe", pure=True)
        reader.version = version
        return reader.load(file)

    return load


load = loader(sys.argv[1])
for path in sys.argv[2:]:
    with open(path, "rb") as file:
        config = load(file)
    [(name, remote)] = config["Remotes"].items()
    [login] = config["Credentials"]
    # an empty optional key isn't written
    texts = [config["Active"], name, remote.get("URI", ""), remote.get("Token", ""), login["URI"], login.get("Auth", "")]
    print(json.dumps({"texts": texts}))
