#!/usr/bin/env bash
# wait.sh QUERY: the same as wait.py beside it, with `weir rpc` and jq. WEIR says how weir is called here.
set -euo pipefail
query=${1:?usage: wait.sh QUERY}
rpc() { ${WEIR:-npx weir} rpc "$@"; }

session=$(rpc session/start '{"name":"wait.sh"}')
id=$(jq -r .id <<<"$session")
of_session=$(jq -c '{sessionId: .id}' <<<"$session")
trap 'rpc session/stop "$of_session" >/dev/null' EXIT
jq -r '"proxy http://\(.proxy.host):\(.proxy.port)"' <<<"$session"

wanted=$(jq -nc --arg id "$id" --arg where "$query" '{sessionId: $id, where: $where, timeoutMs: 60000}')
item=$(rpc exchange/wait "$wanted" | jq -c .item)
if [ "$item" = null ]; then
  echo 'nothing matched within a minute' >&2
  exit 1
fi
jq -r '"\(.seq) \(.request.method) \(.request.url) \(.response.status)"' <<<"$item"
rpc exchange/readText "$(jq -c '{sessionId, seq, part: "response"}' <<<"$item")" | jq -r .text
