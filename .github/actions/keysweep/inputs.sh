#!/usr/bin/env bash
# In: the action's inputs, as KEYSWEEP_* variables. Out: the digest of the
# source that will be built, and whether the cache is used, in $GITHUB_OUTPUT; or
# exit 2 for an input that is none. No value is printed: it may come from whoever
# opened a pull request.
set -euo pipefail

refuse() {
  echo "::error title=Keysweep could not run::$1"
  exit 2
}

one_of() { # input's name, its value, what it may be…
  local name=$1 value=$2 allowed
  shift 2
  for allowed in "$@"; do
    if [ "$value" = "$allowed" ]; then return; fi
  done
  refuse "the input '$name' must be one of: $*"
}

one_of scope "$KEYSWEEP_SCOPE" change everything
one_of fail-on "$KEYSWEEP_FAIL_ON" low medium high critical
one_of min-confidence "$KEYSWEEP_MIN_CONFIDENCE" low medium high confirmed
one_of upload-sarif "$KEYSWEEP_UPLOAD_SARIF" true false
one_of summary "$KEYSWEEP_SUMMARY" true false
one_of cache "$KEYSWEEP_CACHE" trusted all none
case "$KEYSWEEP_PATH" in
  '' | /* | -* | .. | ../* | */.. | */../* | [A-Za-z]:* | *\\* | *$'\n'*)
    refuse "the input 'path' must be a directory below the workspace" ;;
esac
case "$KEYSWEEP_CONFIG_FROM" in
  -* | *[!A-Za-z0-9._/@^~{}-]*) refuse "the input 'config-from' must be a revision" ;;
esac

source_root="$GITHUB_ACTION_PATH/../../.."
hash=(sha256sum)
command -v sha256sum >/dev/null || hash=(shasum -a 256)
cd "$source_root"
digest=$(
  LC_ALL=C find Cargo.toml Cargo.lock src rules fixtures/report -type f -print0 |
    LC_ALL=C sort -z | xargs -0 "${hash[@]}" | "${hash[@]}" | cut -d ' ' -f 1
)
echo "digest=$digest" >>"$GITHUB_OUTPUT"

# What the runs of a pull request or branch put into the cache, its later runs take:
# one commit could leave a binary there that finds nothing, and the next take that
# step back.
case "$KEYSWEEP_CACHE:$GITHUB_EVENT_NAME:${GITHUB_REF_PROTECTED:-}" in
  all:* | trusted:push:true | trusted:merge_group:* | trusted:schedule:*) cache=true ;;
  *) cache=false ;;
esac
echo "cache=$cache" >>"$GITHUB_OUTPUT"
