# A join after a build. Here the build copies a golden tree; with a builder that makes a virtual machine, an earlier
# post-processor unpacks or mounts its disk. What is behind offlinejoin in the chain, such as a checksum, sees the image
# with the join in it.

packer {
  required_plugins {
    offlinejoin = {
      source  = "github.com/offlinejoin/offlinejoin"
      version = ">= 0.1.0"
    }
  }
}

variable "golden" {
  type        = string
  default     = "golden/Windows"
  description = "The Windows directory of the image that all machines are made of."
}

variable "output" {
  type        = string
  default     = "output/web01"
  description = "Where the image of WEB01 is made."
}

variable "blob_file" {
  type        = string
  default     = "secrets/web01.djoin"
  description = "The blob that djoin or Samba made for WEB01."
}

source "null" "web01" {
  communicator = "none"
}

build {
  sources = ["source.null.web01"]

  provisioner "shell-local" {
    inline = ["mkdir -p '${var.output}'", "cp -a '${var.golden}' '${var.output}/'"]
  }

  post-processors {
    # The null builder has no files: this makes the tree the artifact.
    post-processor "artifice" {
      files = [var.output]
    }

    post-processor "offlinejoin" {
      blob_file   = var.blob_file
      report_file = "${var.output}.json"

      expect {
        machine_name = "WEB01"
        domain       = "corp.example.com"
      }
    }

    post-processor "manifest" {
      output = "${var.output}.manifest.json"
    }
  }
}

# Packer destroys nothing: until its first boot the image holds the machine's password. offlinejoin unstage takes the join back, and
# the blob file is yours to delete.
