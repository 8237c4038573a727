# Runs a command whose whole process group ends with whoever holds the other end of standard input.
exec 3<&0
{ read -r <&3; kill -s KILL 0; } &
# In the foreground: bash makes background commands deaf to Ctrl-C.
"$@" </dev/null 3<&-
status=$?
# What the command left behind goes too, the waiter above included.
trap '' TERM
kill -s TERM 0
exit "$status"
