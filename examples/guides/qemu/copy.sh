offlinejoin stage --image-path /srv/golden/ws2022.qcow2 --copy-path /srv/machines/web02.qcow2 \
  --blob-file secrets/web02.djoin --machine-name WEB02
