# Three machines for the command line alone: offlinejoin apply fleet.join.hcl
variable "machines" {
  type        = set(string)
  default     = ["web01", "web02", "web03"]
  description = "one image, mounted at images/NAME/Windows, and one blob, secrets/NAME.djoin, for each"
}

defaults {
  domain      = "corp.example.com"
  ledger_file = "joins.ledger"
}

join "machine" {
  for_each     = var.machines
  windows_path = "images/${each.key}/Windows"
  blob_file    = "secrets/${each.key}.djoin"
  machine_name = upper(each.key)
}

# offlinejoin unstage fleet.join.hcl takes the joins back, and destroys the passwords in the images. The blob files are yours to
# delete.
