# The images of the host that terraform runs on. Each host has a workspace, and so a state and a lock of its own.

terraform {
  required_providers {
    offlinejoin = {
      source = "offlinejoin/offlinejoin"
    }
  }
  backend "pg" {} # PG_CONN_STR says which database
}

variable "fleet" {
  type        = string
  description = "Where this host has its images and blobs."
  default     = "/srv/fleet"
}

variable "ledger" {
  type        = string
  description = "One for all hosts."
  default     = "postgres://builder@db.example.com/joins"
}

provider "offlinejoin" {
  ledger = var.ledger
}

resource "offlinejoin_staged_join" "machine" {
  for_each     = { for file in fileset("${var.fleet}/secrets", "*.djoin*") : split(".", file)[0] => file }
  image_path   = "${var.fleet}/images/${each.key}.qcow2"
  blob_file    = "${var.fleet}/secrets/${each.value}"
  machine_name = upper(each.key)
}

# terraform destroy takes the joins of this host back, and destroys the passwords in its images. The blob files are yours to delete.
