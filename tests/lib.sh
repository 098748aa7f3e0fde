# SPDX-License-Identifier: ISC
# For the scripts under tests/: results, counted and closed by one line that ./test adds up.
# Source it; then `pass`, `fail` or `skip` once for each thing tested, and `finish` at the end.
set -euo pipefail
export LC_ALL=C.UTF-8

cairn_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
results_passed=0 results_failed=0 results_skipped=0

pass() { # NAME
    results_passed=$((results_passed + 1))
    echo "ok      $1"
}

fail() { # NAME WHY
    results_failed=$((results_failed + 1))
    echo "FAILED  $1: $2"
}

skip() { # NAME WHY
    results_skipped=$((results_skipped + 1))
    echo "skipped $1: $2"
}

# Run a command as one test: its output is shown only when it fails, its end (where compilers and
# build programs say what is wrong) once more behind the name.
try() { # NAME COMMAND...
    local name=$1 log
    shift
    if log=$("$@" 2>&1); then
        pass "$name"
    else
        echo "$log"
        fail "$name" "$(tail -n 12 <<<"$log")"
    fi
}

# Is the program there? In CI every Debian package is, so that its absence is a failure.
have() { # TEST PROGRAM...
    local test=$1 program
    shift
    for program in "$@"; do
        command -v "$program" >/dev/null && continue
        if [ "${CI:-}" = true ]; then
            fail "$test" "there is no $program: scripts/packages must name its package"
        else
            skip "$test" "there is no $program here"
        fi
        return 1
    done
}

build() { # PRESET
    (cd "$cairn_root" && cmake --preset "$1" && cmake --build --preset "$1")
}

# Every ctest of build/NAME; a test that says 77 is skipped.
run_ctest() { # NAME [CTEST_OPTION...]
    local name=$1 report=$cairn_root/build/$1/ctest.xml
    shift
    rm -f "$report"
    CK_TIMEOUT_MULTIPLIER=$((${CAIRN_LONG:-0} ? 30 : 1)) ctest --test-dir "$cairn_root/build/$name" "$@" -j "$(nproc)" --no-tests=error \
        --timeout $((${CAIRN_LONG:-0} ? 3600 : 300)) --output-on-failure --output-junit "$report" || [ -f "$report" ] ||
        fail "ctest $name" "it did not run"
    [ ! -f "$report" ] || count_ctest "$report"
}

build_and_ctest() { # PRESET [CTEST_OPTION...]
    local failed=$results_failed
    try "build $1" build "$1"
    [ "$results_failed" -ne "$failed" ] || run_ctest "$@"
}

# Add the counts of a ctest run; only tests that did not pass are named.
count_ctest() { # JUNIT_FILE
    local line
    while IFS=$'\t' read -r status name why; do
        case $status in
        run) results_passed=$((results_passed + 1)) ;;
        fail) fail "$name" "see the log above" ;;
        *) skip "$name" "${why:-it says so itself}" ;;
        esac
    done < <(perl -0777 -ne 'while (/<testcase name="([^"]*)"[^>]*status="(\w+)">(.*?)<\/testcase>/gs) {
        my ($name, $status, $body) = ($1, $2, $3);
        $body =~ s/<skipped[^>]*>//;
        my ($why) = $body =~ /skip\w*:? *([^\n<]*)/i;
        print "$status\t$name\t", $why // "", "\n"; }' "$1")
}

finish() {
    echo "$results_passed passed, $results_failed failed, $results_skipped skipped"
    [ "$results_failed" -eq 0 ]
    exit
}
