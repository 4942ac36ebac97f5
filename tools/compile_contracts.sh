#!/usr/bin/env bash
# Compiles pipelines/demo/contracts/*.sol into pipelines/demo/contracts.json: tools/compile_contracts.sh
# To be run after a change of a source (a test tells), with npm at hand. The compiler is solc from npm, pinned with
# hashes in tools/contracts, and stays in a folder that is deleted afterwards.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp tools/contracts/package.json tools/contracts/package-lock.json tools/contracts/compile.js "$folder/"
npm ci --prefix "$folder" --no-audit --no-fund --loglevel=error >/dev/null
node "$folder/compile.js" pipelines/demo/contracts pipelines/demo/contracts.json
echo "pipelines/demo/contracts.json written"
