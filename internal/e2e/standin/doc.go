// Standin is a Terraform provider that plays another one whose resources our guides use, such as libvirt's: it has the
// other's schema, so that terraform checks every block, attribute and type of a guide, and makes nothing.
//
// The schema is the file schema.json beside the program, in the format of `terraform providers schema -json`. Those in
// schemas/ are:
//
//	proxmox.json   the real schema of bpg/proxmox, as that provider hands it out, cut down to what the guides use and
//	               without descriptions (`make guide-schemas` asks the provider again)
//	libvirt.json   a stand-in for dmacvicar/libvirt, written by hand from its public documentation, because its module
//	               is not to be had where this is built: what is in it exists, what the guides do not use is left out
//
// A guide that is applied shows that it fits the schema and which order of things follows from it. What the other provider
// checks beyond its schema, and does, is not seen.
package main
