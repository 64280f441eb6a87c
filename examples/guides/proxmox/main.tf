# A disk in Proxmox' directory storage is a file on the node: run Terraform there, with the machine shut down.

locals {
  disk = "/mnt/pve/images/100/vm-100-disk-0.qcow2"
}

resource "terraform_data" "mounted" {
  input = "/mnt/vm100/Windows"

  provisioner "local-exec" {
    command = "mkdir -p /mnt/vm100; guestmount -a \"$DISK\" -i --rw /mnt/vm100"
    environment = {
      DISK = local.disk
    }
  }
}

resource "offlinejoin_staged_join" "vm100" {
  windows_path = terraform_data.mounted.output
  blob_file    = "${path.root}/secrets/vm100.djoin"
  machine_name = "VM100"
}

resource "terraform_data" "start" {
  triggers_replace = offlinejoin_staged_join.vm100.fingerprint

  provisioner "local-exec" {
    command = "guestunmount /mnt/vm100; qm start 100"
  }
}
