# One golden image, a new disk for WEB01 over it, with its join. Nothing is built: the null builder only runs the step.

packer {
  required_plugins {
    offlinejoin = {
      source  = "github.com/offlinejoin/offlinejoin"
      version = ">= 0.1.0"
    }
  }
}

source "null" "web01" {
  communicator = "none"
}

build {
  sources = ["source.null.web01"]

  provisioner "offlinejoin" {
    image_path   = "/srv/golden/ws2022.qcow2"
    overlay_path = "/srv/machines/web01.qcow2"
    blob_file    = "secrets/web01.djoin"

    expect {
      machine_name = "WEB01"
      domain       = "corp.example.com"
    }
  }
}
