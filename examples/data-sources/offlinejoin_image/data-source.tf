terraform {
  required_providers {
    offlinejoin = { source = "offlinejoin/offlinejoin" }
  }
}

data "offlinejoin_image" "web01" {
  windows_path = "/mnt/web01/Windows"
}

output "windows" {
  value = "${data.offlinejoin_image.web01.windows_product}, build ${data.offlinejoin_image.web01.windows_build}"
}

check "nothing_is_staged" {
  assert {
    condition     = data.offlinejoin_image.web01.status == "absent"
    error_message = "The image is ${data.offlinejoin_image.web01.status}."
  }
}
