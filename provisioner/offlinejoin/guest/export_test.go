package guest

// Script returns embedded scripts as they are sent.
func Script(names ...string) string { return script(names...) }

// WindowsLibrary is what each batch of steps begins with.
func WindowsLibrary() string { return windowsLibrary() }

// WindowsParameters returns the parameters of a function of it.
func WindowsParameters(name string) string {
	for _, f := range windowsFunctions {
		if f.name == name {
			return f.parameters
		}
	}
	return ""
}
