// Package offlinejoin is all that Packer sees: the provisioner "offlinejoin". It turns what the user wrote into a
// request to the core (internal/offlinejoin), shows the core's progress in Packer's way, and holds no policy of its
// own.
//
//	Config ─► Prepare   every error at once; a known blob is parsed and compared with expect
//	       ─► Provision templates rendered, Request ─► Plan or Stage ─► lines on the Ui
//
// Packer calls Prepare twice, the first time with "<unknown>" in place of what it does not know yet, and Provision once
// more for each of max_retries. So both start from the configuration alone and leave nothing behind.
package offlinejoin
