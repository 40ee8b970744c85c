#!/usr/bin/env bash
# Installs every outside program that tests use, so that none is skipped: liblo's tools, Pure Data and
# SuperCollider's language (apt), three OSC libraries of Node (npm), one of Python (its own venv); Lua
# with LuaSocket for the REAPER scripts; acorn (npm) for the Ableton script.
set -euo pipefail
cd "$(dirname "$0")"

packages=(liblo-tools puredata-core supercollider-language lua5.3 lua5.4 lua-socket nodejs npm)
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
npm ci --ignore-scripts --no-audit --no-fund --prefix ../ableton
python3 -m venv .venv
.venv/bin/python -m pip install --quiet "pyliblo3==0.17.0" || echo "no pyliblo3 for this Python: its test is skipped"
