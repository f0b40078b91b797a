#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Holds what the server describes at /api/openapi.json against the server: run.sh SERVER FOLDER [schemathesis' options].
# FOLDER keeps the tool, which comes from PyPI, and the server's log.
set -euo pipefail

server=$1 folder=$2
shift 2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

mkdir -p "$folder"
if [[ ! -x $folder/venv/bin/schemathesis ]]; then
    python3 -m venv "$folder/venv"
    "$folder/venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"
fi

data=$(mktemp -d)
"$server" --listen 127.0.0.1:0 --port-file "$data/port" --data "$data/store" >"$folder/server.log" 2>&1 &
pid=$!
clean_up()
{
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
    rm -rf -- "$data"
}
trap clean_up EXIT
for ((i = 0; i < 100; ++i)); do
    [[ -s $data/port ]] && break
    kill -0 "$pid" 2>/dev/null || { cat "$folder/server.log"; exit 1; }
    sleep 0.1
done
url=http://127.0.0.1:$(head -n 1 "$data/port")

# The two live streams never end, and a page is no part of an interface.
"$folder/venv/bin/schemathesis" --config-file "$here/schemathesis.toml" run "$url/api/openapi.json" --url "$url" \
    --exclude-operation-id openStream --exclude-operation-id page "$@"
kill -0 "$pid" || { echo 'the server has ended'; exit 1; }
