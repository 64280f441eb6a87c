// Package version names the build. It imports nothing, so that every binary can use it.
package version

// Version is the semantic version without prerelease, and Prerelease is empty for a release. The linker may set
// both (-X).
var (
	Version    = "0.1.0"
	Prerelease = "dev"
)

// String returns "0.1.0" for a release and "0.1.0-dev" otherwise.
func String() string {
	if Prerelease == "" {
		return Version
	}
	return Version + "-" + Prerelease
}
