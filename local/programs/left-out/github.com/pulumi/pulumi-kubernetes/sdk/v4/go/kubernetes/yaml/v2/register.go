// Package v2 registers the objects of YAML files.
package v2

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// RegisterResource registers an object of any kind under the type that Pulumi's SDKs give it.
func RegisterResource(
	ctx *pulumi.Context, apiVersion, kind, name string, props pulumi.Input, opts ...pulumi.ResourceOption,
) (pulumi.CustomResource, error) {
	var object pulumi.CustomResourceState
	if !strings.Contains(apiVersion, "/") {
		apiVersion = "core/" + apiVersion
	}
	token := "kubernetes:" + apiVersion + ":" + kind
	if err := ctx.RegisterResource(token, name, props, &object, opts...); err != nil {
		return nil, err
	}
	return &object, nil
}
