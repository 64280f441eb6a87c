# The same without Terraform: offlinejoin apply fleet.join.hcl

join "web" {
  for_each     = toset(["web01", "web02"])
  image_path   = "/srv/golden/ws2022.qcow2"
  overlay_path = "/srv/machines/${each.key}.qcow2"
  blob_file    = "secrets/${each.key}.djoin"
  machine_name = upper(each.key)
}
