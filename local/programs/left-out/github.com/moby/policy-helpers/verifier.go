// Package verifier is left out: only the cache gha verifies signatures, which is left out as well.
package verifier

import "errors"

type Config struct {
	StateDir      string
	RequireOnline bool
}

type Verifier struct{}

func NewVerifier(Config) (*Verifier, error) {
	return nil, errors.New("this buildkitd was built without the verification of signatures")
}
