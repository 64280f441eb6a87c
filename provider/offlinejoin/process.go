package offlinejoin

import (
	"os"
	"runtime/debug"
	"slices"
	"strings"
)

// How much memory the process may have before the collector becomes as eager as it is by default. A provider does small
// pieces of work and ends, so collecting less often is worth some memory: in an apply of 100 images its
// peak grows from 68 to 100 MiB (measured by make bench).
const (
	gcPercent   = 400
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

// logPrefix begins every environment variable by which a user asks for logs of Terraform (documented: "Debugging
// Terraform", and "Managing Log Output" of plugins).
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
