package offlinejoin

import (
	"os"
	"runtime/debug"
	"slices"
	"strings"
)

// How often memory is collected, and how much of it the process may have before the collector becomes eager. A provider does
// small pieces of work and ends, so collecting less often than by default is worth some memory. What lives at one time is some
// 30 MiB, most of it disks that are being made; the rest of the peak is what was not collected yet. In an apply of 100 machines
// with a domain (make accounts) the peak is 142 MiB with 400 percent and 124 with 200. For 40 machines it is 116 with 200 and 101
// with 100, which is twice the work of collecting.
const (
	gcPercent   = 200
	memoryLimit = 128 << 20 // bytes; a soft limit
)

// PrepareProcess sets up the process of a provider before it is served: how often memory is collected, unless GOGC or
// GOMEMLIMIT say it, and no logs where nobody reads them.
func PrepareProcess() {
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetGCPercent(gcPercent)
		debug.SetMemoryLimit(memoryLimit)
	}
	if !logsWanted(os.Environ()) {
		for _, name := range silenced() {
			_ = os.Setenv(name, "off") // it fails for names that are no names
		}
	}
}

// logPrefix begins every environment variable by which a user asks for logs of Terraform ("Debugging Terraform",
// and "Managing Log Output" of plugins).
const logPrefix = "TF_LOG"

// logsWanted reports whether somebody has asked for logs. If nobody has, Terraform drops what a provider logs, but the SDK
// encodes it at level trace all the same: 5 ms for every image that is staged.
func logsWanted(environment []string) bool {
	return slices.ContainsFunc(environment, func(variable string) bool {
		name, value, _ := strings.Cut(variable, "=")
		return strings.HasPrefix(name, logPrefix) && value != ""
	})
}

// silenced are the variables that the loggers of the SDK, of the framework and of this provider take their level from.
func silenced() []string {
	return []string{"TF_LOG_SDK", "TF_LOG_SDK_PROTO", "TF_LOG_SDK_FRAMEWORK", "TF_LOG_PROVIDER"}
}
