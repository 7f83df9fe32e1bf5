// Command registry is the CNCF image registry, with storage in files alone.
package main

import (
	"os"

	"github.com/distribution/distribution/v3/registry"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/filesystem"
)

func main() {
	// Without a collector to send traces to, each attempt ends in the log as an error.
	if os.Getenv("OTEL_TRACES_EXPORTER") == "" {
		os.Setenv("OTEL_TRACES_EXPORTER", "none")
	}
	if err := registry.RootCmd.Execute(); err != nil {
		os.Exit(1)
	}
}
