offlinejoin inspect image /srv/golden/ws2022.qcow2
offlinejoin stage --image-path /srv/golden/ws2022.qcow2 --overlay-path /srv/machines/web01.qcow2 \
  --blob-file secrets/web01.djoin --machine-name WEB01
qemu-system-x86_64 -machine q35,accel=kvm -m 4096 -drive file=/srv/machines/web01.qcow2,format=qcow2,if=virtio
