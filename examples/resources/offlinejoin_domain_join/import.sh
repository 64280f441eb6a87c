# The id is the account (its objectGUID, its DN, or DOMAIN\NAME$), a bar, and the place of its image. Nothing is reset.
terraform import offlinejoin_domain_join.app01 'CORP\APP01$|/mnt/app01/Windows'
