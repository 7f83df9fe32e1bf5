// Package kubernetes has what the provider uses of Pulumi's Kubernetes SDK.
//
// The SDK has a Go type for every kind, 26 MB in all. The provider registers
// the objects of a YAML file, for which the type's name is enough.
package kubernetes

import "reflect"

// UntypedArgs are the properties of an object of any kind.
type UntypedArgs map[string]any

func (UntypedArgs) ElementType() reflect.Type {
	return reflect.TypeFor[map[string]any]()
}
