# For the list of Packer integrations. https://developer.hashicorp.com/packer/integrations
integration {
  name        = "Offline Domain Join"
  description = "Stages an Active Directory provisioning blob into a built Windows image, so that it comes up joined."
  identifier  = "packer/offlinejoin/offlinejoin"
  component {
    type = "provisioner"
    name = "Offline Domain Join"
    slug = "offlinejoin"
  }
  component {
    type = "post-processor"
    name = "Offline Domain Join"
    slug = "offlinejoin"
  }
  component {
    type = "data-source"
    name = "Offline Domain Join: Blob"
    slug = "blob"
  }
  component {
    type = "data-source"
    name = "Offline Domain Join: Image"
    slug = "image"
  }
}
