# What the builder leaves is a disk image file. The post-processor makes a new disk from it, with the join. The source, and the
# plugin that it needs, are in your build already.

packer {
  required_plugins {
    offlinejoin = {
      source  = "github.com/offlinejoin/offlinejoin"
      version = ">= 0.1.0"
    }
  }
}

build {
  sources = ["source.qemu.ws2022"]

  post-processors {
    post-processor "offlinejoin" {
      copy_path = "/srv/machines/web01.qcow2"
      blob_file = "secrets/web01.djoin"

      expect {
        machine_name = "WEB01"
        domain       = "corp.example.com"
      }
    }

    post-processor "checksum" { # of the disk with the join
      checksum_types = ["sha256"]
      output         = "/srv/machines/web01.sha256"
    }
  }
}
