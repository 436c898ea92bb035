#!/usr/bin/env bash
# Gates HEAD against BASE: IMPLEMENTATION (one a line) in the workspace's repository, or without one this repository's
# own. Writes gate.json and gate.md into the workspace, shows the latter on the run's page, and decides what becomes of
# the check:
#   pass           it succeeds
#   regression     it fails
#   inconclusive   it succeeds with a warning, for a noisy machine is nobody's mistake; INCONCLUSIVE=fail makes it fail
#   anything else  it fails: a gate that broke down, or could not be used, has let nothing through
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
workspace=${GITHUB_WORKSPACE:-$PWD}
options=("--json=$workspace/gate.json" "--markdown=$workspace/gate.md")
while read -r name; do
    [[ -z $name ]] || options+=("--impl=$name")
done <<<"${IMPLEMENTATION:-}"
((${#options[@]} == 2)) || options+=("--repo=$workspace")

rm -f -- "$workspace/gate.json" "$workspace/gate.md"
cd "$root"
code=0
shrinkage gate "$BASE" HEAD "${options[@]}" || code=$?
[[ ! -f $workspace/gate.md ]] || cat "$workspace/gate.md" >>"${GITHUB_STEP_SUMMARY:-/dev/stdout}"

# By the file as well as by the code: a command line that argparse refuses comes back with 2, too.
read_verdict='import json, sys; print(json.load(open(sys.argv[1], encoding="utf-8"))["verdict"])'
verdict=$(python -c "$read_verdict" "$workspace/gate.json" 2>/dev/null) || verdict=none
printf 'verdict=%s\nreport=%s\n' "${verdict//[^a-z]/}" "$workspace/gate.md" >>"${GITHUB_OUTPUT:-/dev/null}"
case "$code $verdict" in
"0 pass") ;;
"1 regression")
    echo "::error title=gate::This change makes something worse; the report says what, and by how much."
    exit 1
    ;;
"2 inconclusive")
    if [[ ${INCONCLUSIVE:-warn} != warn ]]; then
        echo "::error title=gate::The gate could not decide, and an undecided one is set to fail."
        exit 2
    fi
    echo "::warning title=gate::The gate could not decide, so nothing was gated; the report says why."
    ;;
*)
    echo "::error title=gate::The gate broke down or was of no use here: exit code $code, verdict ${verdict//[^a-z]/}."
    exit $((code ? code : 1))
    ;;
esac
