# The blob passes through Terraform without being kept anywhere.
ephemeral "offlinejoin_blob" "web01" {
  source_file = "${path.root}/secrets/web01.djoin"
}

resource "offlinejoin_staged_join" "web01" {
  windows_path = "/mnt/web01/Windows"
  blob_wo      = ephemeral.offlinejoin_blob.web01.blob
  machine_name = "WEB01"
  domain       = "corp.example.com"
}

# Shorter, and as safe: the provider reads the file itself.
resource "offlinejoin_staged_join" "web02" {
  windows_path = "/mnt/web02/Windows"
  blob_file    = "${path.root}/secrets/web02.djoin"
  machine_name = "WEB02"
}

output "join" {
  value = offlinejoin_staged_join.web01.status # staged, and completed after the first boot
}
