#!/usr/bin/env bash
# Judges IMPLEMENTATION (paths in the workspace or modules, one a line) by the properties, writes SCORECARD, and shows
# what is in it on the run's page. MARKS, PROFILE and ACCURACY are options of `shrinkage judge`; empty ones are left out.
# Ends as that does: 1 when a claim failed.
set -euo pipefail

workspace=${GITHUB_WORKSPACE:-$PWD}
card=$SCORECARD
[[ $card == /* ]] || card=$workspace/$card
names=()
while read -r name; do
    [[ -z $name ]] || names+=("$name")
done <<<"$IMPLEMENTATION"
if ((${#names[@]} == 0)); then
    echo "::error title=judge::The input 'implementation' names nothing."
    exit 4
fi
options=("--scorecard=$card")
[[ -z ${MARKS:-} ]] || options+=("--marks=$MARKS")
[[ -z ${PROFILE:-} ]] || options+=("--profile=$PROFILE")
[[ -z ${ACCURACY:-} ]] || options+=("--accuracy=$ACCURACY")

rm -f -- "$card"
cd "$workspace"
export PYTHONPATH=$workspace${PYTHONPATH:+:$PYTHONPATH} # its modules, whatever else of that name is installed
code=0
shrinkage judge "${names[@]}" "${options[@]}" || code=$?
if [[ -f $card ]]; then
    echo "scorecard=$card" >>"${GITHUB_OUTPUT:-/dev/null}"
    python -m shrinkage.properties.report.summary "$card" >>"${GITHUB_STEP_SUMMARY:-/dev/stdout}"
fi
exit "$code"
