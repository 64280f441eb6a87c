# The id is the account: its objectGUID, its DN, or DOMAIN\NAME$.
terraform import offlinejoin_computer_account.app01 'CORP\APP01$'
