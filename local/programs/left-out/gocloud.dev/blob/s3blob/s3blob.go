// Package s3blob is left out: the local stack keeps its state in files.
package s3blob
