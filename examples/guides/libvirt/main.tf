# The disk of a libvirt volume is mounted, staged and unmounted before the domain that uses it is started.

variable "volume" {
  type        = string
  description = "The path of the volume, such as that of libvirt_volume."
  default     = "/mnt/libvirt/web01.qcow2"
}

resource "terraform_data" "mounted" {
  triggers_replace = var.volume
  input            = "/mnt/web01/Windows"

  provisioner "local-exec" {
    command = "mkdir -p /mnt/web01; guestmount -a \"$VOLUME\" -i --rw /mnt/web01"
    environment = {
      VOLUME = var.volume
    }
  }
}

resource "offlinejoin_staged_join" "web01" {
  windows_path = terraform_data.mounted.output
  blob_file    = "${path.root}/secrets/web01.djoin"
  machine_name = "WEB01"
  on_destroy   = "abandon" # the volume goes with the domain
}

resource "terraform_data" "ready" {
  triggers_replace = offlinejoin_staged_join.web01.fingerprint
  input            = var.volume # give this, not var.volume, to the domain: it waits for the join

  provisioner "local-exec" {
    command = "guestunmount /mnt/web01"
  }
}

output "volume" {
  value = terraform_data.ready.output
}
