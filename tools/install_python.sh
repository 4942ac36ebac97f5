#!/usr/bin/env bash
# Makes the virtual environment from the hashed lock: tools/install_python.sh VENV [PYTHON]
# Everything that is missing on the machine is named with the command that installs it, before anything is changed.
set -euo pipefail

venv=$1
wanted=${2:-}

fail() {
    printf 'error: %s\n' "$1" >&2
    [ $# -lt 2 ] || printf 'hint: %s\n' "$2" >&2
    exit 1
}

fits() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1
}

python=
if [ -n "$wanted" ]; then
    fits "$wanted" || fail "PYTHON=$wanted is not a Python 3.11, 3.12 or 3.13" "name one that is: make PYTHON=/path/to/python3.12"
    python=$wanted
else
    for candidate in python3.13 python3.12 python3.11 python3 python; do
        if fits "$candidate"; then python=$candidate; break; fi
    done
    [ -n "$python" ] || fail "Python 3.11, 3.12 or 3.13 is needed" \
        "sudo apt-get install python3 python3-venv, or make PYTHON=/path/to/python3.12"
fi

"$python" - <<'PY' || exit 1
import platform, sys
place = (sys.platform, platform.machine())
libc = platform.libc_ver()[0]
if place == ("darwin", "arm64") or (place == ("linux", "x86_64") and libc == "glibc"):
    sys.exit(0)
print(f"error: Paylake's locked packages exist for Linux x86-64 (glibc) and macOS arm64; this is {place[0]} {place[1]} {libc}", file=sys.stderr)
print("hint: pysqlite3, the safe build of SQLite, has no wheel here; see DECISIONS.md", file=sys.stderr)
sys.exit(1)
PY
"$python" -c 'import ensurepip, venv' >/dev/null 2>&1 ||
    fail "$python cannot make virtual environments" "sudo apt-get install python3-venv"
command -v git >/dev/null || fail "git is needed: some tests look at the tracked files" "sudo apt-get install git"

echo "Setting up $venv with $("$python" --version) from requirements.lock (about half a minute)"
# An environment of another interpreter, or one that broke half-way, is made anew.
"$venv/bin/python" -c 'import pip' >/dev/null 2>&1 || "$python" -m venv --clear "$venv"
if [ -n "$wanted" ] && [ "$("$venv/bin/python" -V)" != "$("$python" -V)" ]; then "$python" -m venv --clear "$venv"; fi

pip=("$venv/bin/python" -m pip --quiet --disable-pip-version-check install)
"${pip[@]}" --require-hashes -r bootstrap.lock ||
    echo "uv is not to be had here; pip does it, in a minute and a half"
# Compiled bytecode halves the start of every process; uv's own list of certificates misses those of a company's proxy.
"$venv/bin/uv" pip install --quiet --system-certs --compile-bytecode --python "$venv/bin/python" --require-hashes \
    -r requirements.lock || "${pip[@]}" --require-hashes -r requirements.lock
"${pip[@]}" --no-deps --no-build-isolation -e .
