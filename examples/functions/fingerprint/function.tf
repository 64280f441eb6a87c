terraform {
  required_providers {
    offlinejoin = { source = "offlinejoin/offlinejoin" }
  }
}

variable "blob" {
  type      = string
  ephemeral = true
}

# An ephemeral argument makes the result ephemeral: it can steer, but it is kept nowhere.
ephemeral "offlinejoin_blob" "file" {
  blob_file = "${path.root}/secrets/web01.djoin"

  lifecycle {
    postcondition {
      condition     = self.fingerprint == provider::offlinejoin::fingerprint(var.blob)
      error_message = "The file is another blob than the variable."
    }
  }
}

# terraform destroy takes back a join that no machine has booted with. A fingerprint is no secret.
