qm shutdown 100 && qm wait 100
offlinejoin stage --image-path /var/lib/vz/images/100/vm-100-disk-0.qcow2 --blob-file secrets/web01.djoin
qm start 100
