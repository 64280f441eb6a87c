# The id is the path of the disk, with # and the number of the partition if one was chosen.
terraform import offlinejoin_joined_disk.app01 /mnt/images/app01.qcow2
