terraform {
  required_providers {
    offlinejoin = { source = "offlinejoin/offlinejoin" }
  }
}

data "offlinejoin_blob" "web01" {
  blob_file = "${path.root}/secrets/web01.djoin"
}

output "account" {
  value = "${data.offlinejoin_blob.web01.domain}: ${data.offlinejoin_blob.web01.machine_name}"
}

# There is nothing to destroy: facts are no secret. The blob file is yours to delete.
