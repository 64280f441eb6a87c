package activedirectory

import (
	"net"
	"time"
)

// DC is a domain controller, as it described itself in its answer to a netlogon ping. The names are safe to show.
type DC struct {
	Host    string // full DNS name, such as "dc1.corp.example.com"
	Address string // IP address that answered
	Domain  string // DNS name of its domain
	Forest  string // DNS name of its forest
	NetBIOS string // NetBIOS name of its domain
	// Site is the controller's own site, ClientSite the site that the controller places this machine in; "" when none.
	Site, ClientSite string
	DomainGUID       string // lower case, with dashes
	Flags            uint32 // DS_FLAG bits ([MS-ADTS] 6.3.1.2)
}

// Flags of a controller ([MS-ADTS] 6.3.1.2).
const (
	flagClosest  = 0x00000080 // DSF: in the client's own site
	flagWritable = 0x00000100 // DSG: not a read-only controller
)

// Writable reports whether accounts can be made here: false for a read-only controller (RODC).
func (d DC) Writable() bool { return d.Flags&flagWritable != 0 }

// Closest reports whether the controller is in the site of this machine.
func (d DC) Closest() bool { return d.Flags&flagClosest != 0 }

// Query is what [Locate] looks for.
type Query struct {
	Domain  string        // DNS name of the domain
	DC      string        // full name of the only controller to ask; "" asks DNS for all
	Site    string        // site whose controllers are asked first; "" takes the one the first answer places us in
	Timeout time.Duration // for each controller; 0 means 5 seconds
	// Resolver asks DNS; nil is the system's.
	Resolver *net.Resolver

	// Dial opens connections; nil is a net.Dialer's.
	Dial DialFunc
}

// Note is a remark for people about how a controller was chosen: who was passed over, and why.
type Note string
