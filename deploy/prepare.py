"""Make the virtual environment, or say exactly what is missing. Standard library only: it runs before anything else.

    python -I deploy/prepare.py STATE_FOLDER [the words given to ./sipbun]

Installed are the pinned requirements with their hashes; `./sipbun test` gets the developers' tools too. Nothing is
done while the stamp in the environment matches the requirement files. Two callers at once wait for each other.
Exit status: 0 ready, 3 the set-up is missing something that only the machine's owner can give.
"""

import fcntl
import hashlib
import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
#: Exit status of every command whose set-up is missing.
MISSING = 3
#: Commands that need the developers' tools too.
NEEDS_TOOLS = ("test", "bench")


def main(arguments: list[str]) -> int:
    """Prepare the environment for one call of the one door."""
    state, words = Path(arguments[0]), arguments[1:]
    venv, groups = state / "venv", groups_for(words)
    try:
        if is_ready(state, words):
            return 0
        state.mkdir(parents=True, exist_ok=True)
        with (state / "venv.lock").open("w") as lock:
            wait_for(lock)
            prepare(venv, groups)
    except Missing as lacking:
        return tell(lacking, as_json="--json" in words)
    except OSError as error:
        missing = Missing(f"{state} 에 쓸 수 없습니다 (cannot write there): {error.strerror}", "")
        return tell(missing, as_json="--json" in words)
    return 0


def command_in(words: list[str]) -> str:
    """Return the command that was called; "" where none was."""
    return next((word for word in words if not word.startswith("-")), "")


def asks_for_help(words: list[str]) -> bool:
    """Return whether only help is wanted."""
    return not {"-h", "--help"}.isdisjoint(words)


def groups_for(words: list[str]) -> list[str]:
    """Return the requirement files that a call needs; its help never needs the developers' tools."""
    tools = command_in(words) in NEEDS_TOOLS and not asks_for_help(words)
    return ["requirements.txt", "requirements-dev.txt"] if tools else ["requirements.txt"]


def is_ready(state: Path, words: list[str]) -> bool:
    """Return whether everything that a call needs is installed."""
    return all(stamped(state / "venv", group) for group in groups_for(words))


class Missing(Exception):
    """The machine lacks something; `fix` is the command that brings it."""

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(message)
        self.fix = fix


def tell(missing: Missing, as_json: bool) -> int:
    """Say what is missing and how to get it."""
    say(f"준비가 덜 되었습니다 (set-up is missing): {missing}")
    if missing.fix:
        say(f"  {missing.fix}")
    if as_json:
        error = {"code": "setup_missing", "message": str(missing), "fix": missing.fix}
        print(json.dumps({"ok": False, "error": error}, ensure_ascii=False))
    return MISSING


def stamp(venv: Path, group: str) -> str:
    """Return what the stamp must say: these requirements, in an environment at this very place.

    The place counts because the scripts of an environment name it; a checkout that was moved needs a new one.
    """
    wanted = hashlib.sha256((ROOT / group).read_bytes()).hexdigest()
    return f"{wanted} {venv.resolve()}"


def stamp_file(venv: Path, group: str) -> Path:
    """Return where the stamp of a group of requirements is kept."""
    return venv / f".{group}.stamp"


def stamped(venv: Path, group: str) -> bool:
    """Return whether these very requirements are installed here."""
    try:
        return stamp_file(venv, group).read_text() == stamp(venv, group) and (venv / "bin" / "python").exists()
    except FileNotFoundError:
        return False


def prepare(venv: Path, groups: list[str]) -> None:
    """Create the environment if needed and install what is not stamped."""
    if not usable(venv):
        create(venv)
    for group in groups:
        if not stamped(venv, group):
            install(venv, group)
            stamp_file(venv, group).write_text(stamp(venv, group))
            if group == "requirements.txt":
                compile_index(venv)


def usable(venv: Path) -> bool:
    """Return whether the environment runs, is new enough, has pip and was not moved."""
    kept = stamp_file(venv, "requirements.txt")
    if kept.exists() and kept.read_text().partition(" ")[2] != str(venv.resolve()):
        return False
    try:
        return (
            subprocess.run(
                [venv / "bin" / "python", "-c", "import sys, pip; sys.exit(sys.version_info < (3, 11))"],
                capture_output=True,
                check=False,
            ).returncode
            == 0
        )
    except OSError:
        return False


def create(venv: Path) -> None:
    """Create a fresh environment with the Python that runs this."""
    try:
        for needed in ("ensurepip", "venv"):
            importlib.import_module(needed)
    except ImportError:
        raise Missing(
            f"{sys.executable} 에 venv 가 없습니다 (has no venv)",
            f"{'' if os.geteuid() == 0 else 'sudo '}sh -c 'apt-get update && apt-get install -y {venv_package()}'",
        ) from None
    say(f"가상환경을 만듭니다 (making a virtual environment): {venv}")
    done = subprocess.run(
        [base_python(), "-m", "venv", "--clear", venv], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Missing(f"가상환경을 만들지 못했습니다 (venv failed): {(done.stderr or done.stdout).strip()[-800:]}", "")


def venv_package() -> str:
    """Return the Debian package that gives this Python its venv."""
    return f"python{sys.version_info.major}.{sys.version_info.minor}-venv"


def base_python() -> str:
    """Return the Python outside any environment: one made from inside another would lean on it."""
    return getattr(sys, "_base_executable", None) or sys.executable


def install(venv: Path, group: str) -> None:
    """Install one requirements file, hashes required, and show how far it is."""
    total = sum(1 for line in (ROOT / group).read_text().splitlines() if "==" in line and line[0].isalnum())
    say(f"{group}: {total}개 꾸러미를 설치합니다 (installing {total} packages) ...")
    command: list[str | Path] = [venv / "bin" / "python", "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    command += ["--progress-bar", "off", "--require-hashes", "-r", ROOT / group]
    seen: list[str] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:
        count = 0
        for line in pip.stdout or ():
            seen.append(line)
            if line.startswith(("Collecting ", "Requirement already satisfied: ")):
                count += 1
                show(count, total, line.split(" (")[0].split(": ")[-1].removeprefix("Collecting ").split("==")[0])
            elif line.startswith("Installing collected"):
                say("\n  풀어 넣는 중입니다 (unpacking) ..." if sys.stderr.isatty() else "  unpacking ...")
    if pip.returncode:
        told = [line for line in seen if "ERROR" in line] or seen[-15:]
        raise Missing(
            f"pip 가 실패했습니다 (pip failed):\n{''.join(told[-15:])}",
            "인터넷 연결을 확인하고 다시 실행하세요 (check the network, then run again)",
        )


def compile_index(venv: Path) -> None:
    """Compile the index of places now: a service that did so at its first start would keep everybody waiting.

    When it fails the services compile it themselves and say why it fails.
    """
    say("지도 색인을 기계어로 옮깁니다, 1분쯤 (compiling the index of places, about a minute) ...")
    environment = {"NUMBA_CACHE_DIR": str(venv.parent / "numba"), **os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([venv / "bin" / "python", "-m", "shared.reach"], env=environment, cwd=ROOT, check=False)


def show(count: int, total: int, package: str) -> None:
    """Show progress: one moving line on a terminal, a line every twenty packages elsewhere."""
    if sys.stderr.isatty():
        print(f"\r\033[K  [{count}/{total}] {package.strip()}", end="", file=sys.stderr, flush=True)
    elif count % 20 == 0:
        say(f"  [{count}/{total}]")


def wait_for(lock: object) -> None:
    """Take the lock; say so if another call has it."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # type: ignore[arg-type]
    except BlockingIOError:
        say("다른 ./sipbun 이 준비하고 있어 기다립니다 (another call is preparing; waiting) ...")
        fcntl.flock(lock, fcntl.LOCK_EX)  # type: ignore[arg-type]


def say(text: str) -> None:
    """Progress goes to stderr; stdout belongs to answers."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
