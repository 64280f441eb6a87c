# A libvirt domain for each machine, on an overlay that Terraform makes on the same host, with the join in it.

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
  uri = "qemu:///system"
}

locals {
  machines = toset(["web01", "web02"])
}

resource "offlinejoin_joined_disk" "web" {
  for_each     = local.machines
  image_path   = "/srv/golden/ws2022.qcow2"
  overlay_path = "/var/lib/libvirt/images/${each.key}.qcow2"
  blob_file    = "${path.root}/secrets/${each.key}.djoin"
  machine_name = upper(each.key)
}

resource "libvirt_domain" "web" {
  for_each    = local.machines
  name        = each.key
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
        source = { file = { file = offlinejoin_joined_disk.web[each.key].path } } # so it waits for the join
        driver = { name = "qemu", type = offlinejoin_joined_disk.web[each.key].format }
        target = { dev = "vda", bus = "virtio" }
      }
    ]
    interfaces = [
      {
        model  = { type = "virtio" }
        source = { network = { network = "default" } }
      }
    ]
  }
}
