# The golden image is the artifact of packer build, with no join in it. Each machine gets an account and a disk of its own.

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

variable "golden" {
  type        = string
  description = "The artifact of packer build."
  default     = "/srv/images/golden.qcow2"
}

resource "offlinejoin_domain_join" "web" {
  for_each     = toset(["web01", "web02", "web03"])
  machine_name = each.key
  image_path   = var.golden
  overlay_path = "/srv/images/${each.key}.qcow2"

  account = {
    ou = "OU=Web,DC=corp,DC=example,DC=com"
  }
}
