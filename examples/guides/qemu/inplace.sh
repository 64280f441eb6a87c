offlinejoin stage   --image-path /srv/machines/web03.qcow2 --blob-file secrets/web03.djoin --machine-name WEB03
offlinejoin status  --image-path /srv/machines/web03.qcow2
offlinejoin unstage --image-path /srv/machines/web03.qcow2    # before its first boot; leaves no byte of the blob
