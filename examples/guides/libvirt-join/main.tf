# One resource from the golden image to a joined machine. The domain takes its disk from path, so it starts after the join.

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

variable "ad_password" {
  type      = string
  ephemeral = true # set TF_VAR_ad_password: it is in no plan and no state
}

provider "offlinejoin" {
  active_directory = {
    domain   = "corp.example.com"
    dc       = "dc1.corp.example.com"
    user     = "svc-terraform"
    password = var.ad_password
  }
}

variable "pool" {
  type        = string
  description = "The folder of a directory pool of libvirt on this host."
  default     = "/var/lib/libvirt/images"
}

locals {
  machines = toset(["web01", "web02"])
}

resource "offlinejoin_domain_join" "web" {
  for_each     = local.machines
  machine_name = each.key
  image_path   = "${var.pool}/golden.qcow2"
  overlay_path = "${var.pool}/${each.key}.qcow2"

  account = {
    ou = "OU=Web,DC=corp,DC=example,DC=com"
  }
  on_destroy         = "delete"  # the disk goes with the domain
  account_on_destroy = "disable" # no copy of the disk can join or log on any more
}

provider "libvirt" {
  uri = "qemu:///system"
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
        source = { file = { file = offlinejoin_domain_join.web[each.key].path } } # so it waits for the join
        driver = { name = "qemu", type = offlinejoin_domain_join.web[each.key].format }
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
