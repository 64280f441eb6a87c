terraform {
  required_providers {
    offlinejoin = { source = "offlinejoin/offlinejoin" }
  }
}

ephemeral "offlinejoin_blob" "web01" {
  blob_file = "${path.root}/secrets/web01.djoin"
}

# The whole answer file for Windows Setup, merged into your own one.
resource "terraform_data" "answer_file" {
  provisioner "local-exec" {
    command = "umask 077; printf %s \"$ANSWER_FILE\" > secrets/web01-unattend.xml"
    environment = {
      ANSWER_FILE = provider::offlinejoin::answer_file(
        ephemeral.offlinejoin_blob.web01.blob, "amd64", file("${path.module}/unattend.xml"),
      )
    }
  }
}

# There is nothing of it to destroy here: the text is in neither plan nor state. The answer file where it was put, and the blob file,
# are yours to delete.
