terraform {
  required_providers {
    offlinejoin = { source = "offlinejoin/offlinejoin" }
  }
}

ephemeral "offlinejoin_blob" "web01" {
  blob_file = "${path.root}/secrets/web01.djoin"
}

resource "offlinejoin_staged_join" "web01" {
  windows_path = "/mnt/web01/Windows"
  blob_wo      = ephemeral.offlinejoin_blob.web01.blob
}

# terraform destroy reads the blob once more, too: delete its file after that. With blob_file in the resource itself, the file can go
# as soon as the join is staged.
