terraform {
  required_providers {
    offlinejoin = { source = "offlinejoin/offlinejoin" }
  }
}

# The provider reads the file itself, and keeps it nowhere. Once the join is staged, the file may be deleted.
resource "offlinejoin_staged_join" "web01" {
  windows_path = "/mnt/web01/Windows"
  blob_file    = "${path.root}/secrets/web01.djoin"
  machine_name = "WEB01"
  domain       = "corp.example.com"
}

# A blob that comes from elsewhere passes through Terraform without being kept anywhere.
ephemeral "offlinejoin_blob" "web02" {
  blob_file = "${path.root}/secrets/web02.djoin"
}

resource "offlinejoin_staged_join" "web02" {
  windows_path = "/mnt/web02/Windows"
  blob_wo      = ephemeral.offlinejoin_blob.web02.blob
  machine_name = "WEB02"
}

# A disk image file itself, with no mount. For a new disk over a golden image, see offlinejoin_joined_disk.
resource "offlinejoin_staged_join" "web03" {
  image_path = "/mnt/images/web03.qcow2"
  blob_file  = "${path.root}/secrets/web03.djoin"
}

# A fleet.
resource "offlinejoin_staged_join" "app" {
  for_each     = toset(["app01", "app02", "app03"])
  windows_path = "/mnt/${each.key}/Windows"
  blob_file    = "${path.root}/secrets/${each.key}.djoin"
  machine_name = upper(each.key)

  timeouts = {
    create = "5m"
  }
}

output "join" {
  value = offlinejoin_staged_join.web01.status # staged, and completed after the first boot
}

# terraform destroy takes joins back that no machine has booted with, and leaves no secret in the images (on_destroy). The
# blob files are yours to delete.
