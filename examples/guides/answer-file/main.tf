terraform {
  required_providers {
    offlinejoin = { source = "offlinejoin/offlinejoin" }
  }
}

# Where the disk cannot be reached any more after its upload, the answer file brings the join. It goes to the platform by a
# command that gets it in its environment, which is kept in neither plan nor state.

ephemeral "offlinejoin_blob" "web01" {
  blob_file = "${path.root}/secrets/web01.djoin"
}

resource "terraform_data" "answer_disk" {
  provisioner "local-exec" {
    command = <<-EOT
      umask 077
      dir=$(mktemp -d)
      printf %s "$ANSWER_FILE" > "$dir/autounattend.xml"
      genisoimage -quiet -J -r -o secrets/web01-answers.iso "$dir"
      rm -r "$dir"
    EOT
    environment = {
      ANSWER_FILE = provider::offlinejoin::answer_file(ephemeral.offlinejoin_blob.web01.blob, "amd64")
    }
  }

  provisioner "local-exec" { # what was uploaded elsewhere is yours to delete there
    when    = destroy
    command = "rm -f secrets/web01-answers.iso"
  }
}
