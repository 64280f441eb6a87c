# What `make demo` builds, with a sample image and a sample blob.

variable "windows_path" {
  type        = string
  description = "The Windows directory of the sample image."
}

variable "blob_file" {
  type        = string
  description = "The sample blob."
}

source "null" "web01" {
  communicator = "none"
}

build {
  sources = ["source.null.web01"]

  provisioner "offlinejoin" {
    windows_path = var.windows_path
    blob_file    = var.blob_file

    expect {
      machine_name = "WEB01"
      domain       = "corp.example.com"
    }
  }
}

# Packer destroys nothing: offlinejoin unstage takes the join back.
