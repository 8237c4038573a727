# Keeps one server from outliving whoever started it. Orders come on standard input, one a line, each answered with
# one line; when that pipe closes, its other end is gone, however it went, and server and folder go too.
# Arguments: a word for the folder's name, the signal that ends this kind of server at once.
unset LARDER_GUARD
umask 077
pid=

finish() {
  trap '' INT TERM HUP QUIT
  if [[ -n $pid ]]; then
    kill -s CONT "$pid"
    kill -s "$end_signal" "$pid"
    for ((tries = 0; tries < 150; tries++)); do
      kill -0 "$pid" || break
      sleep 0.02
    done
    kill -s KILL "$pid"
    wait "$pid"
  fi
  # A postmaster that was killed leaves its interlock segment behind.
  [[ -f data/postmaster.pid ]] && ipcrm -m "$(sed -n '7s/.* //p' data/postmaster.pid)"
  cd /
  for ((tries = 0; tries < 50; tries++)); do
    rm -rf "$folder" && break
    sleep 0.02
  done
}

end_signal=$2
folder=$(mktemp -d "${TMPDIR:-/tmp}/larder-$1-XXXXXXXXXX") && cd "$folder" || exit 1
exec 2>guard.log
trap finish EXIT
trap 'exit 1' INT TERM HUP QUIT
trap : PIPE
echo "$folder"

while read -r order argument; do
  case $order in
    run)
      mapfile -t -n "$argument" command
      setpriv --pdeathsig KILL -- "${command[@]}" </dev/null >server.log 2>&1 &
      pid=$!
      echo "$pid"
      ;;
    signal)
      kill -s "$argument" "$pid"
      echo sent
      ;;
    status)
      if [[ -n $pid ]] && kill -0 "$pid"; then
        echo running
      else
        wait "$pid"
        echo "exited $?"
        pid=
      fi
      ;;
  esac
done
