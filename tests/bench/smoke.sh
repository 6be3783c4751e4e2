#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# smoke.sh COMMAND SCENARIO TEXT...: runs a benchmark scenario and requires each TEXT in what it prints.
command=$1
scenario=$2
shift 2
output=$("$command" run "$scenario" --headless 2>&1) || { printf '%s\n' "$output"; exit 1; }
printf '%s\n' "$output"
for text; do
    case $output in
    *"$text"*) ;;
    *) echo "missing: $text"; exit 1 ;;
    esac
done
