# One image whose volume is mounted on this machine, such as by ntfs-3g, by qemu-nbd or by Mount-DiskImage.

packer {
  required_plugins {
    offlinejoin = {
      source  = "github.com/offlinejoin/offlinejoin"
      version = ">= 0.1.0"
    }
  }
}

variable "windows_path" {
  type        = string
  default     = "/mnt/web01/Windows"
  description = "Where the image's Windows directory is mounted."
}

variable "blob_file" {
  type        = string
  default     = "secrets/web01.djoin"
  description = "The blob that djoin or Samba made for WEB01."
}

source "null" "web01" {
  communicator = "none"
}

build {
  sources = ["source.null.web01"]

  provisioner "offlinejoin" {
    windows_path = var.windows_path
    blob_file    = var.blob_file
    report_file  = "web01.json"

    expect {
      machine_name = "WEB01"
      domain       = "corp.example.com"
    }
  }
}

# Packer destroys nothing: until its first boot the image holds the machine's password. offlinejoin unstage takes the join back, and
# the blob file is yours to delete.
