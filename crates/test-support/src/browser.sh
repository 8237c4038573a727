# Runs Chromium ($@) with a profile of its own, and speaks its protocol through standard input and output: it wants them as
# descriptors 3 and 4. When whoever started this goes, the pipe closes, Chromium ends, and the profile is removed.
folder=$(mktemp -d "${TMPDIR:-/tmp}/larder-browser.XXXXXX") || exit 1
trap 'rm -rf "$folder"' EXIT
"$@" --user-data-dir="$folder" 3<&0 4>&1 0</dev/null 1>/dev/null 2>"$folder/browser.log"
# Its children write for a moment longer.
for attempt in 1 2 3 4 5; do rm -rf "$folder" 2>/dev/null && break; sleep 0.1; done
