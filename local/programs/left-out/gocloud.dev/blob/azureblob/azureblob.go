// Package azureblob is left out: the local stack keeps its state in files.
package azureblob

import (
	"context"
	"errors"
	"net/url"

	"gocloud.dev/blob"
)

const Scheme = "azblob"

type ServiceURLOptions struct{}

func NewDefaultServiceURLOptions() *ServiceURLOptions { return &ServiceURLOptions{} }

func NewDefaultClient() {}

type URLOpener struct {
	MakeClient        func()
	ServiceURLOptions ServiceURLOptions
}

func (*URLOpener) OpenBucketURL(context.Context, *url.URL) (*blob.Bucket, error) {
	return nil, errors.New("this Pulumi CLI was built without azblob; install the official one")
}
