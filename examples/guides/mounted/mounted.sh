qemu-img create -q -f qcow2 -F qcow2 -b /srv/golden/ws2022.qcow2 /srv/machines/web01.qcow2
guestmount -a /srv/machines/web01.qcow2 -i --rw /mnt/web01       # never with -o allow_other
offlinejoin stage --windows-path /mnt/web01/Windows --blob-file secrets/web01.djoin
guestunmount /mnt/web01
