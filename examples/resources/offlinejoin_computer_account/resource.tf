terraform {
  required_providers {
    offlinejoin = {
      source = "offlinejoin/offlinejoin"
    }
  }
}

provider "offlinejoin" {
  active_directory = {
    domain = "corp.example.com"
    user   = "svc-terraform"
    keytab = "/run/secrets/svc-terraform.keytab"
  }
}

# Made early, for groups and inventories; of use to no machine before a join takes it.
resource "offlinejoin_computer_account" "app01" {
  machine_name       = "APP01"
  ou                 = "OU=App,DC=corp,DC=example,DC=com"
  description        = "application server, owner: platform team"
  account_on_destroy = "disable"
}

output "object_guid" {
  value = offlinejoin_computer_account.app01.object_guid
}

# terraform destroy keeps the account, unless account_on_destroy says otherwise. No password is known of it.
