#!/usr/bin/env bash
# Judges IMPLEMENTATION (paths in the workspace or modules, one a line) by the properties, writes SCORECARD, and shows
# what is in it on the run's page. MARKS, PROFILE and ACCURACY are pytest's -m, --hypothesis-profile and --accuracy;
# empty ones are left out. Ends as pytest does: 1 when a claim failed.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
workspace=${GITHUB_WORKSPACE:-$PWD}
card=$SCORECARD
[[ $card == /* ]] || card=$workspace/$card
options=("--scorecard=$card")
while read -r name; do
    [[ $name == *.py && $name != /* ]] && name=$workspace/$name
    [[ -z $name ]] || options+=("--impl=$name")
done <<<"$IMPLEMENTATION"
if ((${#options[@]} == 1)); then
    echo "::error title=judge::The input 'implementation' names nothing."
    exit 4
fi
[[ -z ${MARKS:-} ]] || options+=(-m "$MARKS")
[[ -z ${PROFILE:-} ]] || options+=("--hypothesis-profile=$PROFILE")
[[ -z ${ACCURACY:-} ]] || options+=("--accuracy=$ACCURACY")

rm -f -- "$card"
cd "$root"
export PYTHONPATH=$workspace${PYTHONPATH:+:$PYTHONPATH} # for the modules; this folder still comes first
code=0
python -m pytest properties "${options[@]}" || code=$?
if [[ -f $card ]]; then
    echo "scorecard=$card" >>"${GITHUB_OUTPUT:-/dev/null}"
    python -m shrinkage.properties.report.summary "$card" >>"${GITHUB_STEP_SUMMARY:-/dev/stdout}"
fi
exit "$code"
