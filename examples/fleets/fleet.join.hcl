# The joins of one folder, or of one part of it: of "of" parts, the one with the number "index", counted from 0.
variable "index" { default = 0 }
variable "of" { default = 1 }

variable "share" {
  default     = ""
  description = "what this folder is called wherever it is mounted; empty where each host has a folder of its own"
}

join "machine" {
  for_each = {
    for i, file in sort(fileset("secrets", "*.djoin*")) : split(".", file)[0] => file if i % var.of == var.index
  }
  image_path   = "images/${each.key}.qcow2"
  blob_file    = "secrets/${each.value}"
  machine_name = upper(each.key)
  image_name   = var.share == "" ? null : "${var.share}/${each.key}"
}

# offlinejoin unstage fleet.join.hcl takes the joins back, and destroys the passwords in the images. The blob files are yours to
# delete.
