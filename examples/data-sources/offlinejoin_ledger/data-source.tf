terraform {
  required_providers {
    offlinejoin = { source = "offlinejoin/offlinejoin" }
  }
}

data "offlinejoin_ledger" "all" {
  ledger_file = "${path.root}/joins.ledger"
}

output "machines" {
  value = { for entry in data.offlinejoin_ledger.all.entries : entry.machine_name => entry.windows_path }
}
