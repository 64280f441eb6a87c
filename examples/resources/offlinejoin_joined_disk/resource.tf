terraform {
  required_providers {
    offlinejoin = {
      source = "offlinejoin/offlinejoin"
    }
  }
}

# One overlay for each machine, over a golden image that is only read.
resource "offlinejoin_joined_disk" "web" {
  for_each     = toset(["web01", "web02", "web03"])
  image_path   = "/mnt/images/golden.qcow2"
  overlay_path = "/mnt/images/${each.key}.qcow2"
  blob_file    = "${path.root}/secrets/${each.key}.djoin"
  machine_name = upper(each.key)
  domain       = "corp.example.com"
}

# A disk of its own, for what takes no overlays. The blob passes through Terraform without being kept anywhere.
ephemeral "offlinejoin_blob" "app01" {
  blob_file = "${path.root}/secrets/app01.djoin"
}

resource "offlinejoin_joined_disk" "app01" {
  image_path = "/mnt/images/golden.qcow2"
  copy_path  = "/mnt/images/app01.qcow2"
  blob_wo    = ephemeral.offlinejoin_blob.app01.blob
  on_destroy = "delete" # the machine is destroyed with it

  timeouts = {
    create = "30m"
  }
}

# What starts the machines names path, so that the disks are made before.
output "disks" {
  value = { for name, disk in offlinejoin_joined_disk.web : name => "${disk.path} (${disk.format}, ${disk.status})" }
}

# terraform destroy removes the disks that no machine has booted from, and with them the passwords (on_destroy). The blob files are
# yours to delete.
