# Becomes a command whose whole process group is killed when whoever holds the other end of standard input is gone.
exec 3<&0
{ read -r <&3; kill -s KILL 0; } >/dev/null 2>&1 &
exec "$@" </dev/null 3<&-
