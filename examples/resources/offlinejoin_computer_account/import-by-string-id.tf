import {
  to = offlinejoin_computer_account.app01
  id = "b6f2c1de-0f43-4c2b-9a57-1d0f6f2a7a10"
}
