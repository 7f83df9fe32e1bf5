// Package fake is left out: only tests of Kubernetes use it, from files that do not end in _test.go.
package fake

import (
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/testing"
)

const leftOut = "this Kubernetes was built without its tests"

type Clientset struct{ kubernetes.Interface }

func (*Clientset) Tracker() testing.ObjectTracker { panic(leftOut) }

func AddToScheme(*runtime.Scheme) error { panic(leftOut) }

func NewClientset(...runtime.Object) *Clientset { panic(leftOut) }

func NewSimpleClientset(...runtime.Object) *Clientset { panic(leftOut) }
