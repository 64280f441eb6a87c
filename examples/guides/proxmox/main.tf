# A machine in Proxmox VE: a copy of the golden image with the join is made here, uploaded, and imported as its disk.

terraform {
  required_providers {
    offlinejoin = {
      source = "offlinejoin/offlinejoin"
    }
    proxmox = {
      source  = "bpg/proxmox"
      version = ">= 0.111.1"
    }
  }
}

provider "proxmox" {
  endpoint = "https://pve.example.com:8006/" # the token comes from PROXMOX_VE_API_TOKEN
}

resource "offlinejoin_joined_disk" "web01" {
  image_path   = "/srv/golden/ws2022.qcow2"
  copy_path    = "/srv/upload/web01.qcow2"
  blob_file    = "${path.root}/secrets/web01.djoin"
  machine_name = "WEB01"
}

resource "proxmox_virtual_environment_file" "web01" {
  content_type = "import" # the storage must allow it
  datastore_id = "local"
  node_name    = "pve"

  source_file {
    path = offlinejoin_joined_disk.web01.path
  }
}

resource "proxmox_virtual_environment_vm" "web01" {
  name      = "web01"
  node_name = "pve"
  bios      = "ovmf"
  machine   = "q35"
  started   = true

  cpu {
    cores = 2
    type  = "x86-64-v2-AES"
  }

  memory {
    dedicated = 4096
  }

  efi_disk {
    datastore_id = "local-lvm"
    type         = "4m"
  }

  disk {
    datastore_id = "local-lvm"
    interface    = "virtio0"
    import_from  = proxmox_virtual_environment_file.web01.id
  }

  network_device {
    bridge = "vmbr0"
    model  = "virtio"
  }

  operating_system {
    type = "win11"
  }
}
