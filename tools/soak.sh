#!/usr/bin/env bash
# Runs the evidence with a new seed each time, until HOURS have passed or a test fails: tools/soak.sh PYTHON HOURS [PYTEST ARGUMENTS]
set -uo pipefail

python=$1
hours=$2
shift 2
ends_at=$(awk -v hours="$hours" -v now="$(date +%s)" 'BEGIN { printf "%d", now + hours * 3600 }')
[ "$ends_at" -gt "$(date +%s)" ] || { echo "error: SOAK_HOURS must be a number above 0, not $hours" >&2; exit 2; }

rounds=0
while [ "$(date +%s)" -lt "$ends_at" ]; do
    seed=$("$python" -c 'import secrets; print(secrets.randbelow(2**31))')
    rounds=$((rounds + 1))
    echo "soak: round $rounds, seed $seed, $(date -u +%H:%M:%S) UTC"
    "$python" -m pytest --evidence --seed "$seed" --exitfirst "$@" || {
        code=$?
        echo "soak: round $rounds failed; the same again: $python -m pytest --evidence --seed $seed $*" >&2
        exit "$code"
    }
done
echo "soak: $rounds rounds in $hours h, no failure"
