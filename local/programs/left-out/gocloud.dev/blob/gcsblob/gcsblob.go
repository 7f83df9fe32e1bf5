// Package gcsblob is left out: the local stack keeps its state in files.
package gcsblob

const Scheme = "gs"
