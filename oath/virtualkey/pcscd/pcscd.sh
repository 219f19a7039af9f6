# Runs pcscd on the listening socket inherited as file descriptor 3, with the
# readers of the configuration directory $1 and no others, as a child of process $2.
#
# pcscd takes the socket over as it does from systemd, see sd_listen_fds(3): it
# needs neither root nor the place of the machine's own pcscd. What it would still
# share with that one, the pid file in /run/pcscd and the drivers by which it finds
# real readers on USB, is hidden in a mount namespace. Some containers allow none.
# There root runs it as it is, unless that could reach somebody's real key.
set -eu
PATH=$PATH:/usr/sbin:/sbin
export LC_ALL=C LISTEN_FDS=1 LISTEN_PID=$$ # exec keeps the process id

# pcscd before 2.0 has no such option, later ones ask polkit who their client is.
polkit=$(pcscd --help | grep -o -e --disable-polkit || true)

# It ends with its parent. A parent that was gone before it asked for that is missed.
run='[ $PPID = $1 ] && exec pcscd --foreground --info '$polkit' --config $0'
run="exec setpriv --pdeathsig KILL sh -euc '$run' \$0 \$1"

hide='
	mount -t tmpfs none /run
	mkdir /run/pcscd
	for drivers in /usr/lib*/pcsc/drivers; do [ ! -d $drivers ] || mount -t tmpfs none $drivers; done'

for unshare in 'unshare --mount' 'unshare --mount --map-root-user'; do
	if $unshare mount -t tmpfs none /run 2>/dev/null; then
		exec $unshare sh -euc "$hide; $run" "$1" "$2"
	fi
done

if [ "$(id -u)" != 0 ]; then
	echo "user namespaces are not allowed here (user_namespaces(7)): run this as root, or allow them" >&2
	exit 1
fi
smartcard=0b # usb.org/defined-class-codes
if cat /sys/bus/usb/devices/*/bInterfaceClass 2>/dev/null | grep -qx $smartcard; then
	echo "a smart card reader is plugged in, and no mount namespace can be made to hide it: unplug it" >&2
	exit 1
fi
exec sh -euc "$run" "$1" "$2"
