#!/usr/bin/env bash
# Counts the instructions of one allocation and of one free, of a 32-byte object without a destructor, with callgrind: in a pool
# of one size, in a typed one, in one of many sizes, and in one of many sizes for many threads that is called as global allocator.
#
#   benches/instructions.sh            a table on the standard output
#   benches/instructions.sh --write    and into benches/README.md
#   benches/instructions.sh --show     the machine code that was counted
#
# Each operation is a function of its own (`src/bin/count.rs`), counted from its first instruction to its return. A run
# with twice the operations less a run with half of them leaves what the additional ones cost: exactly, and the same each time.
# Needs valgrind and objdump.
set -euo pipefail

cd "$(dirname "$0")/.."
cargo build --quiet --profile bench -p goo-pool-benches --bin count --bin report
bin=${CARGO_TARGET_DIR:-target}/release

# The instructions inside FUNCTION while `count API PATH TIMES` runs.
collected() { # FUNCTION API PATH TIMES
    valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect="$1" \
        "$bin/count" "$2" "$3" "$4" 2>&1 | awk '/Collected/ { print $4; found = 1 } END { exit !found }'
}

# The instructions of one operation.
each() { # FUNCTION API PATH
    local few=20 few_cost many_cost
    few_cost=$(collected "$1" "$2" "$3" $few)
    many_cost=$(collected "$1" "$2" "$3" $((2 * few)))
    awk -v cost=$((many_cost - few_cost)) -v times=$few 'BEGIN { print cost / times }'
}

code() { # FUNCTION
    objdump --disassemble="$1" --no-show-raw-insn --demangle "$bin/count"
}

# Instructions that lock the bus. An exchange with memory locks it without saying so.
locked() { # FUNCTION
    code "$1" | grep -cE '[[:space:]]lock[[:space:]]|xchg.*\(' || true
}

table() {
    echo "| | allocate | free | locked instructions |"
    echo "|---|--:|--:|--:|"
    for api in core typed classes global; do
        for path in recent word; do
            echo "| $api, \`$path\` | $(each probe_${api}_alloc $api $path) | $(each probe_${api}_free $api $path) |" \
                "$(($(locked probe_${api}_alloc) + $(locked probe_${api}_free))) |"
        done
    done
}

case ${1:-} in
--show)
    for api in core typed classes global; do code probe_${api}_alloc; code probe_${api}_free; done | grep -E '^ |^[0-9a-f]+ <'
    ;;
--write)
    counts=$(table)
    echo "$counts"
    "$bin/report" --fill instructions <<<"$counts"
    ;;
'')
    table
    ;;
*)
    sed -n '2,7s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac
