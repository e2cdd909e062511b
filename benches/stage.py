"""The stage that both scripts measure on: the programs, homes of every size, and nothing of the user's own."""

import json
import os
import pathlib
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
# The release profile of Cargo.toml, for the program that does nothing.
PROFILE = ["-C", "opt-level=3", "-C", "lto=fat", "-C", "codegen-units=1", "-C", "panic=abort", "-C", "strip=symbols"]
SYSTEM = """\
Active: DefaultRemote
Remotes:
  DefaultRemote:
    URI: cloud.apptainer.org
    System: true
    Exclusive: false
"""


def remote(name, uri, **fields):
    """A remote's entry as portolan writes it."""
    lines = [f"  {name}:", f"    URI: {uri}"]
    if "token" in fields:
        lines.append(f"    Token: {fields['token']}")
    lines += ["    System: false", "    Exclusive: false"]
    if fields.get("insecure"):
        lines.append("    Insecure: true")
    if "keyserver" in fields:
        lines += ["    Keyservers:", f"    - URI: {fields['keyserver']}", "      Skip: false", "      External: true"]
        lines.append("      Insecure: false")
    return "\n".join(lines) + "\n"


def many(number):
    """A file of so many remotes, half of them with a token."""
    first = remote("remote-000000", "endpoint-000000.example.com", keyserver="https://keys.example.com")
    token = "eyJhbGciOiJSUzI1NiJ9." + 120 * "x"
    rest = (
        remote(f"remote-{i:06}", f"endpoint-{i:06}.example.com", **({"token": f"{token}{i:06}"} if i % 2 else {}))
        for i in range(1, number)
    )
    return "Active: remote-000000\nRemotes:\n" + first + "".join(rest)


class Stage:
    """A directory of its own with a system file; homes are made in it."""

    def __init__(self, directory=None, system=SYSTEM):
        self.directory = tempfile.TemporaryDirectory(prefix="portolan-bench-", dir=directory)
        self.root = pathlib.Path(self.directory.name)
        (self.root / "etc/apptainer").mkdir(parents=True)
        (self.root / "etc/apptainer/remote.yaml").write_text(system)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.directory.cleanup()

    def home(self, name, text):
        """A home whose file has this text."""
        directory = self.root / name / ".apptainer"
        directory.mkdir(parents=True, mode=0o700)
        file = directory / "remote.yaml"
        file.write_text(text)
        file.chmod(0o600)
        return self.root / name

    def environment(self, home, **more):
        """Nothing of the user's but the way to programs."""
        return {"HOME": str(home), "PATH": os.environ["PATH"], **more}

    def words(self, program, *words):
        """The command line of a run on this stage."""
        return [str(program), "--sysconfdir", str(self.root / "etc"), "remote", *words]


def build():
    """The release binary, and the directory that cargo built it in."""
    subprocess.run(["cargo", "build", "--release", "--locked", "--quiet"], cwd=ROOT, check=True)
    metadata = ["cargo", "metadata", "--locked", "--no-deps", "--format-version", "1"]
    target = json.loads(subprocess.check_output(metadata, cwd=ROOT))["target_directory"]
    return pathlib.Path(target) / "release/portolan"


def build_empty(directory):
    """The program that does nothing, with the same profile."""
    program = directory / "empty"
    source = ROOT / "benches/empty.rs"
    subprocess.run(["rustc", "--edition", "2024", *PROFILE, "-o", str(program), str(source)], check=True)
    return program


def instructions(words, environment):
    """How many instructions a run takes; the same on every machine with the same libraries."""
    count = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *words]
    done = subprocess.run(count, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=True)
    (line,) = [line for line in done.stderr.splitlines() if "Collected" in line]
    return int(line.split()[-1])


def calls(words, environment, of=None):
    """The system calls of a run: every line that strace writes, of all or of those named."""
    with tempfile.NamedTemporaryFile("r") as log:
        only = ["-e", f"trace={of}"] if of else []
        trace = ["strace", "-f", "-qq", "-o", log.name, *only, *words]
        subprocess.run(trace, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        return [line.split(None, 1)[1] for line in log if "(" in line and "resumed" not in line]


def crates():
    """How many crates are built for the program, its own among them."""
    tree = ["cargo", "tree", "--locked", "--edges", "normal,build", "--prefix", "none", "--format", "{p}"]
    lines = subprocess.check_output(tree, cwd=ROOT, text=True).splitlines()
    return len({line.removesuffix(" (*)").split(" (")[0] for line in lines if line})
