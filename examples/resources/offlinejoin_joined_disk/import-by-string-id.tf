import {
  to = offlinejoin_joined_disk.app01
  id = "/mnt/images/app01.qcow2"
}
