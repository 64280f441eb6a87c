# One golden disk image, and for each machine an overlay on it with a join of its own.

terraform {
  required_providers {
    offlinejoin = {
      source = "offlinejoin/offlinejoin"
    }
  }
}

locals {
  machines = toset(["web01", "web02"])
}

resource "offlinejoin_joined_disk" "web" {
  for_each     = local.machines
  image_path   = "/srv/golden/ws2022.qcow2"        # only read
  overlay_path = "/srv/machines/${each.key}.qcow2" # made; removed again with the resource, while it is unused
  blob_file    = "${path.root}/secrets/${each.key}.djoin"
  machine_name = upper(each.key)
}

output "disks" {
  value = { for name, disk in offlinejoin_joined_disk.web : name => disk.path }
}
