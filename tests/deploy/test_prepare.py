"""The one door before anything is installed: what it needs, and what it says when that is missing."""

import json
import os
import subprocess
import sys
from pathlib import Path

from deploy.prepare import stamp, stamp_file, stamped
from deploy.running import ROOT


def test_an_environment_with_other_requirements_or_at_another_place_is_not_taken_as_ready(tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").touch()
    assert not stamped(venv, "requirements.txt")

    stamp_file(venv, "requirements.txt").write_text(stamp(venv, "requirements.txt"))
    assert stamped(venv, "requirements.txt")

    venv.rename(tmp_path / "moved")
    assert not stamped(tmp_path / "moved", "requirements.txt")


def test_a_python_without_venv_is_told_the_exact_command(tmp_path: Path) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "ensurepip.py").write_text("raise ImportError")
    done = subprocess.run(
        [sys.executable, str(ROOT / "deploy" / "prepare.py"), str(tmp_path / "state"), "status", "--json"],
        env=os.environ | {"PYTHONPATH": str(hidden)},
        capture_output=True,
        text=True,
        check=False,
    )

    version = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    assert done.returncode == 3
    assert f"apt-get update && apt-get install -y {version}" in done.stderr
    assert json.loads(done.stdout)["error"]["code"] == "setup_missing"


def test_without_python_the_door_says_what_to_install(tmp_path: Path) -> None:
    for name in ("dirname", "readlink", "cat"):
        (tmp_path / name).symlink_to(f"/usr/bin/{name}")
    door = (ROOT / "sipbun").read_text().replace("/usr/bin/$name", "/nowhere/$name").replace("/usr/local/bin/", "/no/")
    (tmp_path / "sipbun").write_text(door)
    done = subprocess.run(
        ["/bin/sh", str(tmp_path / "sipbun"), "status"],
        env={"PATH": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 3
    assert "apt-get install -y python3 python3-venv" in done.stderr


def test_the_pinned_requirements_name_no_index() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        lines = (ROOT / name).read_text().splitlines()
        assert not [line for line in lines if line.startswith("-") or "://" in line]
        pinned = [line for line in lines if "==" in line]
        assert all(line.endswith("\\") for line in pinned)
