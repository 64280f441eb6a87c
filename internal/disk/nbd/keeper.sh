# keeper.sh QEMU-NBD ARGUMENT...: run qemu-nbd with the listening socket on descriptor 3, and end it when the pipe on descriptor 4 has no
# writer any more: whoever started this has closed it, or is gone. qemu-nbd may not hear the first time: a signal that comes while it
# starts is lost on it, and it goes on to hold the image.
#
# The pipe does not reach qemu-nbd, and the socket stays with nobody else, so that its end is seen.
LISTEN_FDS=1 /bin/sh -c 'LISTEN_PID=$$ exec "$@"' sh "$@" 4<&- &
served=$!
exec 3<&-
{
	read -r _ <&4
	tries=0
	while kill -TERM "$served" 2>/dev/null && [ "$tries" -lt 50 ]; do
		tries=$((tries + 1))
		sleep 0.2
	done
	kill -KILL "$served" 2>/dev/null
} &
keeper=$!
exec 4<&-
wait "$served"
code=$?
kill -KILL "$keeper" 2>/dev/null
exit "$code"
