# The id is the path of the image's Windows directory, or of the disk image file.
terraform import offlinejoin_staged_join.web01 /mnt/web01/Windows
