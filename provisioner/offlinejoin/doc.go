// Package offlinejoin is all that Packer sees: the provisioner and the post-processor "offlinejoin", and the data sources
// "offlinejoin-blob" and "offlinejoin-image". It turns what the user wrote into a request to the core
// (internal/offlinejoin), shows the core's progress in Packer's way, and holds no policy of its own.
//
//	block ─► Prepare, Configure      every mistake at once; a known blob is parsed and compared with expect
//	      ─► Provision, PostProcess  templates rendered, Request ─► Plan or Stage ─► lines on the Ui, a receipt
//	      ─► Execute                 facts of a blob or an image
//
// Packer prepares twice, the first time with "<unknown>" in place of what it does not know yet, and provisions once more
// for each of max_retries. So both start from the configuration alone and leave nothing behind.
//
// The image is a path of this machine, or with remote one of the guest, whose files package guest reaches through the
// communicator.
package offlinejoin
