# Makes a folder, says which, and removes it when whoever holds the other end of standard input is gone.
trap '' INT TERM HUP QUIT
folder=$(mktemp -d "${TMPDIR:-/tmp}/larder-bench-XXXXXXXXXX") || exit 1
echo "$folder"
exec >/dev/null 2>&1
read -r
# Servers that work in it die at the same time, some a moment later.
for attempt in {1..100}; do
  rm -rf "$folder" && break
  sleep 0.02
done
