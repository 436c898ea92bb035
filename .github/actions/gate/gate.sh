#!/usr/bin/env bash
# Gates HEAD of the workspace's repository against BASE: IMPLEMENTATION (one a line) by the contract's cases, or without
# one the benchmarks that it has; TESTS (one a line), SELECT, MARKS, BUILD, THRESHOLD and BUDGET are options of `shrinkage
# gate`, empty ones are left out. Writes gate.json and gate.md into the workspace, shows the latter on the run's page, and
# decides what becomes of the check:
#   pass           it succeeds
#   regression     it fails
#   inconclusive   it succeeds with a warning, for a noisy machine is nobody's mistake; INCONCLUSIVE=fail makes it fail
#   anything else  it fails: a gate that broke down, or could not be used, has let nothing through
set -euo pipefail

workspace=${GITHUB_WORKSPACE:-$PWD}
options=("--json=$workspace/gate.json" "--markdown=$workspace/gate.md")
each() { # option, its values, one a line
    while read -r value; do
        [[ -z $value ]] || options+=("$1=$value")
    done <<<"$2"
}
each --impl "${IMPLEMENTATION:-}"
each --tests "${TESTS:-}"
[[ -z ${SELECT:-} ]] || options+=("-k=$SELECT")
[[ -z ${MARKS:-} ]] || options+=("-m=$MARKS")
[[ -z ${BUILD:-} ]] || options+=("--build=$BUILD")
[[ -z ${THRESHOLD:-} ]] || options+=("--threshold=$THRESHOLD")
[[ -z ${BUDGET:-} ]] || options+=("--budget=$BUDGET")

rm -f -- "$workspace/gate.json" "$workspace/gate.md"
cd "$workspace"
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
