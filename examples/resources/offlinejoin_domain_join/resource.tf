terraform {
  required_providers {
    offlinejoin = {
      source = "offlinejoin/offlinejoin"
    }
  }
}

# An ephemeral variable is in no plan and no state: set TF_VAR_ad_password.
variable "ad_password" {
  type      = string
  ephemeral = true
}

provider "offlinejoin" {
  active_directory = {
    domain   = "corp.example.com"
    dc       = "dc1.corp.example.com" # one controller, so that a new name is not made on two
    user     = "svc-terraform"
    password = var.ad_password
  }
}

# From a name to a disk that joins: account, overlay and join in one.
resource "offlinejoin_domain_join" "web" {
  for_each     = toset(["web01", "web02", "web03"])
  machine_name = each.key
  image_path   = "/mnt/images/golden.qcow2"
  overlay_path = "/mnt/images/${each.key}.qcow2"

  account = {
    ou            = "OU=Web,DC=corp,DC=example,DC=com"
    root_ca_certs = true
  }
  account_on_destroy = "disable"
}

# An account that was made early, and a tree that is mounted.
resource "offlinejoin_computer_account" "app01" {
  machine_name = "APP01"
  ou           = "OU=App,DC=corp,DC=example,DC=com"
}

resource "offlinejoin_domain_join" "app01" {
  machine_name = offlinejoin_computer_account.app01.machine_name
  windows_path = "/mnt/app01/Windows"
  account = {
    object_guid = offlinejoin_computer_account.app01.object_guid
  }
}

# What starts the machines names path, so that the disks are made before.
output "disks" {
  value = { for name, join in offlinejoin_domain_join.web : name => join.path }
}

# terraform destroy removes the disks that no machine has booted from, and with them the passwords (on_destroy); the accounts stay,
# unless account_on_destroy says otherwise.
