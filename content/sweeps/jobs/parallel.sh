#!/bin/sh
# A sweep in parts by GNU parallel, on this machine or, with `--sshlogin`, on many. The parts lie in a folder that all of them see.
# Stopped and started again it goes on: parts that are whole are left as they are, the others resume.
#
#   sh parallel.sh mine.yaml 7 results
set -eu
sweep=$1 parts=$2 folder=$3
mkdir -p "$folder"
seq "$parts" | parallel quorate sweep "$sweep" --threads 1 --shard "{}/$parts" --out "$folder/{}.part"
quorate merge "$folder"/*.part --out "$folder/sweep.parquet" --json > "$folder/sweep.json"
