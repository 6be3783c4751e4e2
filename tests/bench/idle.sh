#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# idle.sh COMMAND SCENARIO SECONDS: how often the threads of a system that has nothing to do wake up: the context
# switches, voluntary and not, of every thread of the command and all that it started.
command=$1
scenario=$2
seconds=$3
folder=$(mktemp -d) || exit 1
system=

end() {
    if [ -n "$system" ]; then
        kill "$system" 2>/dev/null
        wait "$system"
    fi
    rm -rf "$folder"
}
trap end EXIT
trap 'exit 1' HUP INT TERM

# A process and all below it.
tree() {
    echo "$1"
    for child in $(cat /proc/"$1"/task/*/children 2>/dev/null); do
        tree "$child"
    done
}

# One line for each thread: "PID/TID NAME SWITCHES".
switches() {
    for pid in $(tree "$system"); do
        awk '/^Name:/ { name = $2 } /^Tgid:/ { tgid = $2 } /^Pid:/ { pid = $2 }
             /^voluntary_ctxt/ { n = $2 } /^nonvoluntary_ctxt/ { print tgid "/" pid, name, n + $2 }' \
            /proc/"$pid"/task/*/status 2>/dev/null
    done | sort
}

"$command" run "$scenario" --headless --shot "$folder/shot.png" >"$folder/output" 2>&1 &
system=$!

# until it has started, which takes as long as it takes
rounds=0
before=
while [ $rounds -lt 30 ]; do
    sleep 1
    now=$(switches)
    [ -n "$now" ] || { cat "$folder/output"; echo "idle: the system has ended"; exit 1; }
    [ "$now" != "$before" ] || break
    before=$now
    rounds=$((rounds + 1))
done

switches >"$folder/before"
sleep "$seconds"
switches >"$folder/after"
[ -s "$folder/after" ] || { cat "$folder/output"; echo "idle: the system has ended"; exit 1; }
awk -v seconds="$seconds" '
    FNR == NR { before[$1] = $3; next }
    { threads++; n = $3 - before[$1]; total += n; if (n) print "idle: " $2 " (" $1 "): " n " wake-ups" }
    END { print "idle: " total + 0 " wake-ups in " seconds " seconds, " threads " threads" }' \
    "$folder/before" "$folder/after"
