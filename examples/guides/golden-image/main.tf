# One golden image, an overlay for each machine, and a join in each overlay.

locals {
  machines = toset(["web01", "web02"])
}

resource "terraform_data" "overlay" {
  for_each = local.machines
  input    = "/mnt/${each.key}/Windows" # known after apply: nobody looks before the overlay is mounted

  provisioner "local-exec" {
    command = <<-EOT
      qemu-img create -q -f qcow2 -b "$GOLDEN" -F qcow2 "$OVERLAY"
      mkdir -p "$MOUNT"
      guestmount -a "$OVERLAY" -i --rw "$MOUNT"
    EOT
    environment = {
      GOLDEN  = "/mnt/images/golden.qcow2"
      OVERLAY = "/mnt/images/${each.key}.qcow2"
      MOUNT   = "/mnt/${each.key}"
    }
  }
}

resource "offlinejoin_staged_join" "web" {
  for_each     = local.machines
  windows_path = terraform_data.overlay[each.key].output
  blob_file    = "${path.root}/secrets/${each.key}.djoin"
  machine_name = upper(each.key)
}

resource "terraform_data" "unmount" {
  for_each         = local.machines
  triggers_replace = offlinejoin_staged_join.web[each.key].fingerprint

  provisioner "local-exec" {
    command = "guestunmount /mnt/${each.key}"
  }
}
