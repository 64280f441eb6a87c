# Three machines from one file. Each has a blob of its own: one blob joins one machine. The ledger refuses an account that
# was staged elsewhere before, in this run or in an earlier one.

packer {
  required_plugins {
    offlinejoin = {
      source  = "github.com/offlinejoin/offlinejoin"
      version = ">= 0.1.0"
    }
  }
}

variable "machines" {
  type        = list(string)
  default     = ["web01", "web02", "web03"]
  description = "One image, mounted at images/NAME/Windows, and one blob, secrets/NAME.djoin, for each."
}

source "null" "image" {
  communicator = "none"
}

build {
  dynamic "source" {
    for_each = var.machines
    labels   = ["source.null.image"]

    content {
      name = source.value
    }
  }

  provisioner "offlinejoin" {
    windows_path = "images/${source.name}/Windows"
    blob_file    = "secrets/${source.name}.djoin"
    ledger_file  = "joins.ledger"
    report_file  = "${source.name}.json"

    expect {
      machine_name = upper(source.name)
      domain       = "corp.example.com"
    }
  }
}

# Packer destroys nothing: until its first boot the image holds the machine's password. offlinejoin unstage takes the join back, and
# the blob file is yours to delete.
