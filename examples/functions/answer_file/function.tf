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

  provisioner "local-exec" {
    when    = destroy
    command = "rm -f secrets/web01-unattend.xml"
  }
}

# terraform destroy removes the answer file that was made here, whose text is in neither plan nor state. Where you have put copies of
# it, and the blob file, are yours to delete.
