#!/usr/bin/env bash
# Installs the programs that tests/clients drives the server with: liblo's tools, Pure Data,
# SuperCollider's language (apt), three OSC libraries of Node (npm) and one of Python (its own venv).
set -euo pipefail
cd "$(dirname "$0")"

packages=(liblo-tools puredata-core supercollider-language nodejs npm)
missing=()
for package in "${packages[@]}"; do
    case $package in
        nodejs) command -v node >/dev/null && continue ;;
        npm) command -v npm >/dev/null && continue ;;
    esac
    dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>/dev/null | grep -q '^installed' || missing+=("$package")
done
if [ "${#missing[@]}" -gt 0 ]; then
    sudo=()
    [ "$(id -u)" -eq 0 ] || sudo=(sudo)
    "${sudo[@]}" apt-get update -qq
    DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}"
fi

npm ci --ignore-scripts --no-audit --no-fund
python3 -m venv .venv
.venv/bin/python -m pip install --quiet "pyliblo3==0.17.0" || echo "no pyliblo3 for this Python: its test is skipped"
