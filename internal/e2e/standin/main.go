package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
)

func main() {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, "standin:", err)
		os.Exit(1)
	}
}

// serve plays the provider whose schema is beside the program, by the path that it was started with.
func serve() error {
	content, err := os.ReadFile(filepath.Join(filepath.Dir(os.Args[0]), "schema.json"))
	if err != nil {
		return err
	}
	var file schemaFile
	if err := json.Unmarshal(content, &file); err != nil {
		return fmt.Errorf("schema.json: %w", err)
	}
	schemas, err := file.convert()
	if err != nil {
		return fmt.Errorf("schema.json: %w", err)
	}
	return tf6server.Serve(file.Name, func() tfprotov6.ProviderServer { return &server{schemas: schemas} })
}
