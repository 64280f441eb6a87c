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
