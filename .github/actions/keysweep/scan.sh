#!/usr/bin/env bash
# In: the action's inputs, checked, and the binary in $RUNNER_TEMP/keysweep-bin.
# Out: annotations on standard output, the job's summary, reports in
# $RUNNER_TEMP/keysweep, and their paths and the exit code in $GITHUB_OUTPUT.
# Ends well whatever was found: the last step of the action says what counts,
# after the findings were uploaded.
set -euo pipefail

keysweep="$RUNNER_TEMP/keysweep-bin/keysweep"
out="$RUNNER_TEMP/keysweep"
# GitHub cuts a summary off at 1 MiB, and then shows none.
summary_limit_bytes=1000000
rm -rf "$out"
mkdir -p "$out"

options=(--no-progress --format github)
options+=(--fail-on "$KEYSWEEP_FAIL_ON" --min-confidence "$KEYSWEEP_MIN_CONFIDENCE")
for format in json sarif markdown; do
  options+=(--report "$format=$out/keysweep.$format")
done
if [ "$KEYSWEEP_SCOPE" = change ]; then options+=(--range ci); fi
if [ -n "$KEYSWEEP_CONFIG_FROM" ]; then options+=("--config-from=$KEYSWEEP_CONFIG_FROM"); fi

code=0
"$keysweep" scan "${options[@]}" -- "$KEYSWEEP_PATH" 2>"$out/said" || code=$?
cat "$out/said" >&2
echo "exit-code=$code" >>"$GITHUB_OUTPUT"
if [ -f "$out/keysweep.json" ]; then echo "report=$out/keysweep.json" >>"$GITHUB_OUTPUT"; fi
if [ -f "$out/keysweep.sarif" ]; then echo "sarif=$out/keysweep.sarif" >>"$GITHUB_OUTPUT"; fi

if [ "$code" = 2 ]; then
  said=$(tail -n 1 "$out/said")
  said=${said//'%'/%25}
  echo "::error title=Keysweep could not run::${said//$'\r'/%0D}"
fi
if [ "$KEYSWEEP_SUMMARY" = true ]; then
  if [ ! -f "$out/keysweep.markdown" ]; then
    echo 'Keysweep could not run; the log says why.' >>"$GITHUB_STEP_SUMMARY"
  elif [ "$(wc -c <"$out/keysweep.markdown")" -gt "$summary_limit_bytes" ]; then
    echo 'Too many findings for a summary; the log and the report name them.' >>"$GITHUB_STEP_SUMMARY"
  else
    cat "$out/keysweep.markdown" >>"$GITHUB_STEP_SUMMARY"
  fi
fi
