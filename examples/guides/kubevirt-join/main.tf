# A disk for KubeVirt: made and joined here, then uploaded into a volume claim, which is deleted from here afterwards.

terraform {
  required_providers {
    offlinejoin = {
      source = "offlinejoin/offlinejoin"
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

variable "folder" {
  type        = string
  description = "Where the golden image is, and the disks are made."
  default     = "/srv/images"
}

resource "offlinejoin_domain_join" "web01" {
  machine_name = "WEB01"
  image_path   = "${var.folder}/golden.qcow2"
  copy_path    = "${var.folder}/web01.qcow2" # a copy: an overlay is of no use without its golden image

  account = {
    ou = "OU=Web,DC=corp,DC=example,DC=com"
  }
  account_on_destroy = "disable"
}

resource "terraform_data" "uploaded" {
  triggers_replace = offlinejoin_domain_join.web01.object_guid

  provisioner "local-exec" {
    command = "virtctl image-upload pvc web01 --size=64Gi --image-path=\"$DISK\""
    environment = {
      DISK = offlinejoin_domain_join.web01.path
    }
  }
}
