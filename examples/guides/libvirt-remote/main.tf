# A libvirt host that is another machine: a copy with the join is made here and uploaded into a pool there.

terraform {
  required_providers {
    offlinejoin = {
      source = "offlinejoin/offlinejoin"
    }
    libvirt = {
      source  = "dmacvicar/libvirt"
      version = "~> 0.9.0"
    }
  }
}

provider "libvirt" {
  uri = "qemu+ssh://root@kvm1.example.com/system"
}

resource "offlinejoin_joined_disk" "web01" {
  image_path   = "/srv/golden/ws2022.qcow2"
  copy_path    = "/srv/upload/web01.qcow2"
  blob_file    = "${path.root}/secrets/web01.djoin"
  machine_name = "WEB01"
}

resource "libvirt_volume" "web01" {
  name = "web01.qcow2"
  pool = "default"

  target = {
    format = { type = offlinejoin_joined_disk.web01.format }
  }

  create = {
    content = { url = offlinejoin_joined_disk.web01.path }
  }

  lifecycle {
    ignore_changes = [create] # uploaded once
  }
}

resource "libvirt_domain" "web01" {
  name        = "web01"
  type        = "kvm"
  memory      = 4
  memory_unit = "GiB"
  vcpu        = 2
  running     = true

  os = {
    type         = "hvm"
    type_arch    = "x86_64"
    type_machine = "q35"
    firmware     = "efi"
  }

  devices = {
    disks = [
      {
        source = { volume = { pool = "default", volume = libvirt_volume.web01.name } }
        driver = { name = "qemu", type = offlinejoin_joined_disk.web01.format }
        target = { dev = "vda", bus = "virtio" }
      }
    ]
  }
}
