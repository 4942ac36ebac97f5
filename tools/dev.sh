#!/usr/bin/env bash
# Runs `paylake sync` and `paylake serve` on ./paylake.toml together: tools/dev.sh PAYLAKE [ARGUMENTS OF SERVE]
# Both end with Ctrl-C, and one ends with the other: what is left would only look alive.
set -uo pipefail

paylake=$1
shift
[ -f paylake.toml ] || [ -n "${PAYLAKE_CONFIG:-}" ] || {
    echo "error: there is no paylake.toml here and PAYLAKE_CONFIG is not set" >&2
    echo "hint: docs/settings.md says what it holds; \`make demo\` brings its own chain and gateway" >&2
    exit 1
}

# Background jobs of a script ignore Ctrl-C, so it is handed on here, once, to exactly these two.
"$paylake" sync &
sync=$!
"$paylake" serve "$@" &
serve=$!
stopped=
trap 'stopped=yes; kill -TERM "$sync" "$serve" 2>/dev/null' INT TERM
wait -n "$sync" "$serve"
code=$?
if [ -z "$stopped" ]; then
    echo "sync or serve ended (exit code $code); ending the other" >&2
    kill -TERM "$sync" "$serve" 2>/dev/null
fi
wait "$sync"
wait "$serve"
[ -n "$stopped" ] || exit $((code ? code : 1))
