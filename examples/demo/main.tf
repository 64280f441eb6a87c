# What `make demo` applies, to a sample image and a sample blob.

terraform {
  required_providers {
    offlinejoin = {
      source = "offlinejoin/offlinejoin"
    }
  }
}

variable "windows_path" {
  type        = string
  description = "The Windows directory of the sample image."
}

variable "blob_file" {
  type        = string
  description = "The sample blob."
}

resource "offlinejoin_staged_join" "web01" {
  windows_path = var.windows_path
  blob_file    = var.blob_file
  machine_name = "WEB01"
  domain       = "corp.example.com"
}

output "join" {
  value = offlinejoin_staged_join.web01.status
}

# terraform destroy takes the join back.
