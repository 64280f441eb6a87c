// Package version names the build. It imports nothing, so that every binary can use it.
package version

// Version is the semantic version without prerelease, and Prerelease is empty for a release. Commit is the commit of a
// release, with "+changes" when the source had others, and empty elsewhere. The linker may set them (-X).
var (
	Version    = "0.1.0"
	Prerelease = "dev"
	Commit     = ""
)

// String returns "0.1.0" for a release and "0.1.0-dev" otherwise.
func String() string {
	if Prerelease == "" {
		return Version
	}
	return Version + "-" + Prerelease
}
