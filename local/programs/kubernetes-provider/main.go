// Command pulumi-resource-kubernetes is the Kubernetes provider of Pulumi.
//
// The provider's own main needs a file that its build generates, so this one
// embeds the schema that lies in the module; local/programs/workspace.py copies it into this folder.
package main

import (
	_ "embed"

	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
)

//go:embed schema.json
var schema []byte

var version string // set by the linker

func main() {
	provider.Serve("kubernetes", version, schema, []byte("{}"))
}
