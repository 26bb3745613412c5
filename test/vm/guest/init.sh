#!/bin/busybox sh
# The first process of the guest. The second serial port is the line to the host, as bytes; what
# the driver and the kernel have to say goes to the first.
/bin/busybox --install -s /bin
export PATH=/bin HOME=/tmp TMPDIR=/tmp
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
stty -F /dev/ttyS1 raw -echo
node --enable-source-maps /epa/test/vm/guest/main.js </dev/null >/dev/ttyS0 2>&1
echo "the driver ended with status $?" >/dev/ttyS0
poweroff -f
