terraform {
  required_version = ">= 1.11" # write-only arguments

  required_providers {
    offlinejoin = {
      source  = "offlinejoin/offlinejoin"
      version = "~> 0.1"
    }
  }
}

provider "offlinejoin" {}
