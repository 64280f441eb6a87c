// Schemas cuts the schema of a Terraform provider down to some of its resources, without descriptions, for the stand-ins
// that our guides are checked against (internal/e2e/standin):
//
//	terraform providers schema -json | schemas REGISTRY/NAMESPACE/NAME RESOURCE…
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := cut(os.Stdin, os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "schemas:", err)
		os.Exit(1)
	}
}

func cut(from io.Reader, to io.Writer, args []string) error {
	if len(args) < 2 {
		return errors.New("usage: schemas REGISTRY/NAMESPACE/NAME RESOURCE…")
	}
	var all struct {
		Providers map[string]struct {
			Provider  any            `json:"provider"`
			Resources map[string]any `json:"resource_schemas"`
		} `json:"provider_schemas"`
	}
	if err := json.NewDecoder(from).Decode(&all); err != nil {
		return err
	}
	provider, ok := all.Providers[args[0]]
	if !ok {
		return fmt.Errorf("there is no provider %s in it", args[0])
	}
	resources := map[string]any{}
	for _, name := range args[1:] {
		if resources[name], ok = provider.Resources[name]; !ok {
			return fmt.Errorf("%s has no resource %s", args[0], name)
		}
	}
	write := json.NewEncoder(to)
	write.SetIndent("", " ")
	return write.Encode(map[string]any{
		"name": args[0], "provider": plain(provider.Provider), "resource_schemas": plain(resources),
	})
}

// plain takes the descriptions out of a schema. An attribute of such a name is an object, and stays.
func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			if _, text := value.(string); text && (key == "description" || key == "description_kind" || key == "deprecation_message") {
				delete(v, key)
				continue
			}
			v[key] = plain(value)
		}
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	}
	return v
}
