terraform {
  required_providers {
    offlinejoin = { source = "offlinejoin/offlinejoin" }
  }
}

ephemeral "offlinejoin_blob" "web01" {
  blob_file = "${path.root}/secrets/web01.djoin"
}

# The secret goes into the environment of a command, which Terraform neither keeps nor shows.
resource "terraform_data" "upload" {
  provisioner "local-exec" {
    command = "umask 077; printf %s \"$ACCOUNT_DATA\" > secrets/web01.accountdata"
    environment = {
      ACCOUNT_DATA = provider::offlinejoin::account_data(ephemeral.offlinejoin_blob.web01.blob)
    }
  }

  provisioner "local-exec" {
    when    = destroy
    command = "rm -f secrets/web01.accountdata"
  }
}

# terraform destroy removes the file that was made here; the value is in neither plan nor state. Where you have put copies of it, and
# the blob file, are yours to delete.
