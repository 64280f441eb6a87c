# Terraform 1.12 and later
import {
  to = offlinejoin_staged_join.web01
  identity = {
    windows_path = "/mnt/web01/Windows"
  }
}
