#!/usr/bin/env bash
# Holds what base makes of every message at hand to FHIR R4, and to US Core 6.1, with validators of other makers.
#   tests/judge/bundles.sh [CHARTWIRE]      default: build/release/bin/chartwire
# Messages: all of ../shared/corpus, the golden cases, the fuzzers' seeds and 40 visits of `chartwire simulate`.
# Judge: ../shared/tools/fhir_judge (or $FHIR_JUDGE; a copy is made and `npm ci` run where it has no node_modules).
# Exit: 0 no error, 1 errors (listed), 77 where corpus, judge or Node are absent.
#
# R4: no finding of severity error may stay. US Core: every resource of a profile's type is held to it; what is
# missing because the message does not say it (a required element, an invariant that asks for one) is counted apart:
# ABSENT below lists those findings, and anything else is an error.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
root=$PWD
chartwire=$(realpath "${1:-build/release/bin/chartwire}")
corpus=$root/../shared/corpus
judge=${FHIR_JUDGE:-$root/../shared/tools/fhir_judge}
if [ ! -d "$corpus" ] || [ ! -f "$judge/judge.mjs" ] || ! command -v node > /dev/null; then
  echo "skipped: needs $corpus, $judge and node" && exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ ! -d "$judge/node_modules" ]; then
  cp -r "$judge" "$work/judge" && judge=$work/judge
  (cd "$judge" && npm ci --silent) || { echo "skipped: npm ci of the judge failed" && exit 77; }
fi

mkdir -p "$work"/in "$work"/out
# name of a message: its path with __ for /
put() { cp "$1" "$work/in/$(echo "${1#"$2"/}" | sed 's#/message\.hl7$##; s#\.hl7$##; s#/#__#g').hl7"; }
find "$corpus" -name '*.hl7' | while read -r file; do put "$file" "$corpus"; done
find "$root/tests/golden" -name message.hl7 | while read -r file; do put "$file" "$root/tests"; done
find "$root/tests/fuzz/seeds/er7" "$root/tests/fuzz/seeds/v2xml" -type f | while read -r file; do
  cp "$file" "$work/in/seed__$(basename "$file").hl7"
done
# The gateway's file has assertions (@), remarks (# //) and lines continued by a backslash.
awk -v out="$work/in/izgateway__" '
  { line = $0; sub(/^[ \t]+/, "", line); text = text line
    if (text ~ /\\$/) { sub(/\\$/, "", text); next }
    if (text ~ /^MSH\|/) { file = sprintf("%s%03d.hl7", out, ++n) }
    if (text ~ /^[A-Z][A-Z0-9][A-Z0-9]\|/ && n) printf "%s\r", text > file
    text = "" }' "$corpus/izgateway/messages.txt"
for seed in 1 77; do
  "$chartwire" simulate --seed $seed --visits 20 --out "$work/simulated$seed" > /dev/null
  for file in "$work/simulated$seed"/*.hl7; do cp "$file" "$work/in/simulated${seed}__$(basename "$file")"; done
done

"$chartwire" map "$work/in" --mappings "$root/mappings" --out "$work/out" --summary > /dev/null 2> "$work/map.err" ||
  true                                     # messages that no plan accepts are told of on stderr
echo "messages: $(ls "$work/in" | wc -l), Bundles: $(ls "$work/out" | wc -l)"
sed 's#^.*/in/#  not mapped: #' "$work/map.err"

fault=0
echo "FHIR R4:"
node "$judge/judge.mjs" --max 20 --summary "$work/r4.json" "$work/out" > "$work/r4.txt" || fault=1
grep -E '^  "(files|resources|filesWithErrors|errors)"' "$work/r4.json"
grep ' error ' "$work/r4.txt" || true

profiles=()
for name in allergyintolerance careteam condition-encounter-diagnosis coverage diagnosticreport-lab \
  documentreference encounter goal immunization implantable-device location medicationdispense medicationrequest \
  observation-clinical-result organization patient practitioner practitionerrole procedure relatedperson \
  servicerequest specimen; do
  profiles+=(--profile "http://hl7.org/fhir/us/core/StructureDefinition/us-core-$name")
done
echo "US Core 6.1:"
node "$judge/judge.mjs" --package "$corpus/us-core/us_core_610.tgz" "${profiles[@]}" --max 0 \
  --report "$work/us.ndjson" "$work/out" > /dev/null || true
node - "$work/us.ndjson" << 'END_OF_FILTER' || fault=1
const ABSENT = [/Missing required property/, /needs \d+, has 0/, /expected 1\.\.1, but found 0/,
  // Of presence, too: contact (pd-1), value, effective, issued, name, member id, requester.
  /Constraint (pd-1|us-core-(2|8|9|14|15|21)) not met/];
let absent = 0, errors = 0;
const lines = require('fs').readFileSync(process.argv[2], 'utf8').split('\n').filter(Boolean);
for (const finding of lines.map(JSON.parse).filter((f) => f.severity === 'error')) {
  if (ABSENT.some((one) => one.test(finding.message))) { absent++; continue; }
  errors++;
  console.log(`${finding.file} ${finding.path}: ${finding.message}`);
}
console.log(`  errors: ${errors}, elements that no message told: ${absent} (each judge counted)`);
process.exit(errors ? 1 : 0);
END_OF_FILTER
exit $fault
