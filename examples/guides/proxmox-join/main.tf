# One resource from the golden image to a joined machine, on storage that this machine and the Proxmox hosts share.

terraform {
  required_providers {
    offlinejoin = {
      source = "offlinejoin/offlinejoin"
    }
  }
}

variable "ad_password" {
  type      = string
  ephemeral = true # set TF_VAR_ad_password: it is in no plan and no state
}

provider "offlinejoin" {
  active_directory = {
    domain   = "corp.example.com"
    dc       = "dc1.corp.example.com"
    user     = "svc-terraform"
    password = var.ad_password
  }
}

variable "storage" {
  type        = string
  description = "Where the shared storage is mounted, such as an NFS export; images/VMID holds the disks of a machine."
  default     = "/mnt/pve/nfs"
}

resource "offlinejoin_domain_join" "web01" {
  machine_name = "WEB01"
  image_path   = "${var.storage}/template/golden.qcow2"
  copy_path    = "${var.storage}/images/101/vm-101-disk-0.qcow2"

  account = {
    ou = "OU=Web,DC=corp,DC=example,DC=com"
  }
  on_destroy         = "delete_unused" # Proxmox removes the disk with the machine
  account_on_destroy = "disable"
}

output "disk" {
  value = offlinejoin_domain_join.web01.path # attach it as nfs:101/vm-101-disk-0.qcow2 once this is known
}
