// Package codegen holds the one type that the docker-build provider needs of
// pulumi-dotnet, whose module no registry serves.
package codegen

// CSharpPackageInfo is read by .NET code generation only, which this build never runs.
type CSharpPackageInfo struct {
	PackageReferences    map[string]string `json:"packageReferences,omitempty"`
	RespectSchemaVersion bool              `json:"respectSchemaVersion,omitempty"`
}
