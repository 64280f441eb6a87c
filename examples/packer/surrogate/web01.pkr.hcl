# An image whose volume is mounted on another machine: a rescue or surrogate system that Packer reaches by SSH. With a
# builder that starts one, such as amazon-ebssurrogate, the source is that builder's, and the provisioner is the same.

packer {
  required_plugins {
    offlinejoin = {
      source  = "github.com/offlinejoin/offlinejoin"
      version = ">= 0.1.0"
    }
  }
}

variable "host" {
  type        = string
  default     = "rescue.example.com"
  description = "The rescue system."
}

variable "port" {
  type    = number
  default = 22
}

variable "user" {
  type        = string
  default     = "root"
  description = "A user who may write to the mounted volume."
}

variable "key_file" {
  type        = string
  default     = "~/.ssh/id_ed25519"
  description = "The private key that the rescue system accepts."
}

variable "windows_path" {
  type        = string
  default     = "/mnt/web01/Windows"
  description = "Where the rescue system has the image's Windows directory mounted."
}

variable "blob_file" {
  type        = string
  default     = "secrets/web01.djoin"
  description = "The blob that djoin or Samba made for WEB01. It stays on this machine."
}

source "null" "rescue" {
  ssh_host             = var.host
  ssh_port             = var.port
  ssh_username         = var.user
  ssh_private_key_file = var.key_file
}

build {
  sources = ["source.null.rescue"]

  provisioner "offlinejoin" {
    remote       = true
    windows_path = var.windows_path
    blob_file    = var.blob_file

    expect {
      machine_name = "WEB01"
      domain       = "corp.example.com"
    }
  }
}

# Packer destroys nothing: until its first boot the image holds the machine's password. offlinejoin unstage takes the join back, and
# the blob file is yours to delete.
