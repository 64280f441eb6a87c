# The same three machines for Terraform: terraform apply
terraform {
  required_providers {
    offlinejoin = {
      source = "offlinejoin/offlinejoin"
    }
  }
}

provider "offlinejoin" {
  ledger_file = "joins.ledger"
}

variable "machines" {
  type        = set(string)
  default     = ["web01", "web02", "web03"]
  description = "One image, mounted at images/NAME/Windows, and one blob, secrets/NAME.djoin, for each."
}

resource "offlinejoin_staged_join" "machine" {
  for_each     = var.machines
  windows_path = "${path.root}/images/${each.key}/Windows"
  blob_file    = "${path.root}/secrets/${each.key}.djoin"
  machine_name = upper(each.key)
  domain       = "corp.example.com"
}

output "status" {
  value = { for name, join in offlinejoin_staged_join.machine : name => join.status }
}

# terraform destroy takes joins back that no machine has booted with. The blob files are yours to delete.
