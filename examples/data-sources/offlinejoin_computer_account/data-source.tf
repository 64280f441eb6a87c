terraform {
  required_providers {
    offlinejoin = {
      source = "offlinejoin/offlinejoin"
    }
  }
}

provider "offlinejoin" {
  active_directory = {
    domain = "corp.example.com"
    ccache = "/tmp/krb5cc_svc-terraform" # as kinit makes it
  }
}

data "offlinejoin_computer_account" "web01" {
  machine_name = "WEB01"
}

output "web01" {
  value = "${data.offlinejoin_computer_account.web01.account_status}, last logon ${coalesce(data.offlinejoin_computer_account.web01.last_logon, "never")}"
}
