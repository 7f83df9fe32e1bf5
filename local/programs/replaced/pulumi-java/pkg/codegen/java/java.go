// Package java holds the one type that the docker-build provider needs of
// pulumi-java, whose module no registry serves.
package java

// PackageInfo is read by Java code generation only, which this build never runs.
type PackageInfo struct {
	BasePackage                     string            `json:"basePackage,omitempty"`
	BuildFiles                      string            `json:"buildFiles,omitempty"`
	Dependencies                    map[string]string `json:"dependencies,omitempty"`
	GradleNexusPublishPluginVersion string            `json:"gradleNexusPublishPluginVersion,omitempty"`
}
