import {
  to = offlinejoin_domain_join.app01
  id = "b6f2c1de-0f43-4c2b-9a57-1d0f6f2a7a10|/mnt/app01/Windows"
}
