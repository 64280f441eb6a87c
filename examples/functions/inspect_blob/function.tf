terraform {
  required_providers {
    offlinejoin = { source = "offlinejoin/offlinejoin" }
  }
}

ephemeral "offlinejoin_blob" "web01" {
  blob_file = "${path.root}/secrets/web01.djoin"
}

locals {
  facts = provider::offlinejoin::inspect_blob(ephemeral.offlinejoin_blob.web01.blob)
}

resource "offlinejoin_staged_join" "web01" {
  windows_path = "/mnt/web01/Windows"
  blob_wo      = ephemeral.offlinejoin_blob.web01.blob

  lifecycle {
    precondition {
      condition     = local.facts.site != null
      error_message = "The blob names no site."
    }
  }
}

# There is nothing to destroy: facts are no secret. The blob file is yours to delete.
