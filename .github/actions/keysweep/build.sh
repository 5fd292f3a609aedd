#!/usr/bin/env bash
# In: the source that came with the action, and cargo. Out: the binary in
# $RUNNER_TEMP/keysweep-bin. Runs in the action's own directory, so that no
# .cargo/config.toml or rust-toolchain.toml of the workspace has a say.
set -euo pipefail

if ! command -v cargo >/dev/null; then
  echo "::error title=Keysweep could not run::no cargo on this runner; install Rust 1.89 or newer in a step before"
  exit 2
fi
cd "$GITHUB_ACTION_PATH/../../.."
cargo build --release --locked --bin keysweep --target-dir "$RUNNER_TEMP/keysweep-target"
mkdir -p "$RUNNER_TEMP/keysweep-bin"
for built in keysweep keysweep.exe; do
  if [ -f "$RUNNER_TEMP/keysweep-target/release/$built" ]; then
    cp "$RUNNER_TEMP/keysweep-target/release/$built" "$RUNNER_TEMP/keysweep-bin/"
  fi
done
