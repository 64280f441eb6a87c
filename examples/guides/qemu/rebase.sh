mv /srv/golden/ws2022.qcow2 /srv/golden/ws2022-november.qcow2
qemu-img rebase -u -F qcow2 -b /srv/golden/ws2022-november.qcow2 /srv/machines/web01.qcow2
