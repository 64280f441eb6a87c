// Package nbd reads and changes disk images through qemu-nbd, for formats and features that this program has no code of its
// own for: sparse VMDKs, qcow2 with snapshots, blocks that a VHDX does not have yet.
//
// [Start] starts qemu-nbd for one image and talks to it over a unix socket that nobody else can reach: it is made in a
// folder of mode 0700, and is gone from there before the first request. The socket is passed on by systemd's socket
// activation, so there is nothing to wait or poll for, and qemu-nbd ends by itself when this program does.
//
//	client.go                        the NBD protocol: fixed newstyle negotiation, simple replies (nbd project, "The NBD protocol")
//	start_unix.go, process_unix.go   qemu-nbd: started, watched over, ended
//
// qemu takes its own locks on the image, so the caller must hold none that exclude it. qemu also follows what the image
// names, such as a backing file or extents: whoever starts it has looked at those names before.
package nbd
