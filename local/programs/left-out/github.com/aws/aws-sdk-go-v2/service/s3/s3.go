// Package s3 has the one struct that Pulumi's file backend names.
package s3

type CopyObjectInput struct{ CopySource *string }
