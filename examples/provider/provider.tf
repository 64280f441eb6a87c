terraform {
  required_version = ">= 1.11" # write-only arguments

  required_providers {
    offlinejoin = {
      source  = "offlinejoin/offlinejoin"
      version = "~> 0.1"
    }
  }
}

provider "offlinejoin" {
  ledger_file   = "${path.root}/joins.ledger"       # one blob joins one machine, in all runs
  identity_file = "${path.root}/secrets/stager.key" # opens blobs that are encrypted with age
  lock_timeout  = "2m"
}
