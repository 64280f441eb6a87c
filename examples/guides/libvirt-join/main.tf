# One resource from the golden image to a joined machine. The domain takes its disk from path, so it starts after the join.

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

variable "pool" {
  type        = string
  description = "The folder of a directory pool of libvirt on this host."
  default     = "/var/lib/libvirt/images"
}

resource "offlinejoin_domain_join" "web" {
  for_each     = toset(["web01", "web02"])
  machine_name = each.key
  image_path   = "${var.pool}/golden.qcow2"
  overlay_path = "${var.pool}/${each.key}.qcow2"

  account = {
    ou = "OU=Web,DC=corp,DC=example,DC=com"
  }
  on_destroy         = "delete"  # the disk goes with the domain
  account_on_destroy = "disable" # no copy of the disk can join or log on any more
}

output "disks" {
  value = { for name, join in offlinejoin_domain_join.web : name => join.path } # give these to the domains
}
