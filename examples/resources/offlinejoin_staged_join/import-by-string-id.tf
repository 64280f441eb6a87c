import {
  to = offlinejoin_staged_join.web01
  id = "/mnt/web01/Windows"
}
